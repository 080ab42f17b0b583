#include "store/local/local_store.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

#include "store/local/event_reader.hpp"
#include "store/local/migrations.hpp"
#include "store/local/scan/answers.hpp"

namespace collector::store::local {
namespace {

using model::Answer;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Access;
using pulsekit::sqlite::Database;

// Below it SQLite may still find room for small commits, and the next large one fails: time to say so.
constexpr std::uintmax_t kMinFreeBytes = 4u << 20;

/// A connection that writes.
Result<Database> open_database(const LocalOptions& options) {
    auto database = Database::open(database_path(options.data_directory), Access::create);
    if (!database) return database;
    const std::string synchronous = options.fsync_each_commit ? "FULL" : "NORMAL";
    // 64 MB of cache keep the indexes' recent pages in memory; after a burst the log shrinks to as much again.
    auto set =
        database->execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = " + synchronous +
                          "; PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864");
    if (!set) return std::move(set).error();
    return database;
}

}  // namespace

std::string database_path(const std::string& data_directory) {
    return (std::filesystem::path(data_directory) / "pulse.sqlite").string();
}

Result<std::unique_ptr<LocalStore>> LocalStore::open(const LocalOptions& options, pulsekit::Random& random) {
    std::error_code failed;
    std::filesystem::create_directories(options.data_directory, failed);
    if (failed) return Error{ErrorCode::unavailable, options.data_directory + ": " + failed.message()};
    auto opened = open_database(options);
    if (!opened) return std::move(opened).error();
    auto database = std::make_unique<Database>(std::move(*opened));
    if (auto done = migrate(*database, "events", migrations()); !done) return std::move(done).error();
    auto for_checkpoints = open_database(options);
    if (!for_checkpoints) return std::move(for_checkpoints).error();
    auto rows = Rows::open(*database, {options.data_directory, options.dedupe_days, options.index_table_limit}, random);
    if (!rows) return std::move(rows).error();
    auto for_segments = Database::open(database_path(options.data_directory), Access::read_only);
    if (!for_segments) return std::move(for_segments).error();
    auto segments =
        Segments::open({.data_directory = options.data_directory, .memory_rows = options.segment_memory_rows},
                       std::move(*for_segments));
    if (!segments) return std::move(segments).error();
    return std::unique_ptr<LocalStore>(new LocalStore(options, std::move(database), std::move(*for_checkpoints),
                                                      std::move(*rows), std::move(*segments)));
}

LocalStore::LocalStore(const LocalOptions& options, std::unique_ptr<Database> database, Database for_checkpoints,
                       Rows rows, std::unique_ptr<Segments> segments)
    : data_directory_(options.data_directory),
      question_bytes_(options.question_bytes),
      database_(std::move(database)),
      checkpoints_(*database_, std::move(for_checkpoints)),
      rows_(std::move(rows)),
      readers_(database_path(options.data_directory), options.max_readers),
      segments_(std::move(segments)) {}

Result<std::vector<Stored>> LocalStore::append_all(const std::vector<Batch>& batches) {
    checkpoints_.before_transaction();
    auto stored = rows_.append(batches);
    if (stored) segments_->committed(rows_.newest_row());
    return stored;
}

/// A segment whose file is damaged is made of the rows again, and asked again.
template <typename Answered, typename AnswerOf>
Result<Answered> LocalStore::scan(const model::Selection& of, const Patience& patience, const AnswerOf& answer) {
    auto answered = scan_once<Answered>(of, patience, answer);
    if (answered || !segments_->is_of_a_file(answered.error())) return answered;
    segments_->forget();
    return scan_once<Answered>(of, patience, answer);
}

template <typename Answered, typename AnswerOf>
Result<Answered> LocalStore::scan_once(const model::Selection& of, const Patience& patience, const AnswerOf& answer) {
    const auto project = rows_.dictionary().find(kNoProject, Space::project, of.project_id);
    if (!project) return project.error();
    const auto found = segments_->snapshot(*project, patience);
    if (!found) return found.error();
    auto reader = readers_.borrow();
    if (!reader) return std::move(reader).error();
    static const Snapshot kNothing;
    const Snapshot& snapshot = *found ? **found : kNothing;
    Texts texts(**reader, snapshot);
    return answer(Scan{.snapshot = snapshot,
                       .contexts = segments_->contexts(),
                       .dictionary = rows_.dictionary(),
                       .texts = texts,
                       .project = *project,
                       .of = of,
                       .patience = patience,
                       .max_bytes = question_bytes_});
}

Result<Answer> LocalStore::ask(const model::AnyQuestion& question, const Patience& patience) {
    return std::visit(
        [&](const auto& one) {
            return scan<Answer>(one.of, patience, [&](const Scan& with) { return answer(with, one); });
        },
        question);
}

Result<void> LocalStore::list(const model::List& list, const std::function<void(const model::Event&)>& each,
                              const Patience& patience) {
    using RowIds = std::vector<std::int64_t>;
    const auto ids = scan<RowIds>(list.of, patience, [&](const Scan& with) { return row_ids(with, list); });
    if (!ids) return ids.error();
    auto reader = readers_.borrow();
    if (!reader) return std::move(reader).error();
    auto events = EventReader::open(**reader);
    if (!events) return std::move(events).error();
    for (const auto id : *ids) {
        if (patience.ended()) return Error{ErrorCode::unavailable, "the question took too long"};
        const auto event = events->read(id);
        if (!event) return event.error();
        if (*event) each(**event);
    }
    return {};
}

Result<void> LocalStore::probe() {
    std::error_code failed;
    const auto space = std::filesystem::space(data_directory_, failed);
    if (failed) return Error{ErrorCode::unavailable, data_directory_ + ": " + failed.message()};
    if (space.available < kMinFreeBytes) return Error{ErrorCode::unavailable, data_directory_ + ": the disk is full"};
    auto reader = readers_.borrow();
    if (!reader) return std::move(reader).error();
    if (auto read = (*reader)->query_integer("SELECT coalesce(max(id), 0) FROM events"); !read) {
        return std::move(read).error();
    }
    return {};
}

}  // namespace collector::store::local
