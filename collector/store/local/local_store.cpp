#include "store/local/local_store.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

#include "store/local/event_reader.hpp"
#include "store/local/last_rows.hpp"
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

constexpr std::int64_t kIdsARead = 256 * 1024;
constexpr int kEmptyingTimeoutMs = 50;  // commits wait for it
// Below it SQLite may still find room for small commits, and the next large one fails: time to say so.
constexpr std::uintmax_t kMinFreeBytes = 4u << 20;

/// A connection that writes.
Result<Database> open_database(const LocalOptions& options, int busy_timeout_ms = 5000) {
    auto database = Database::open(database_path(options.data_directory), Access::create_clean, busy_timeout_ms);
    if (!database) return database;
    const std::string synchronous = options.fsync_each_commit ? "FULL" : "NORMAL";
    // 64 MB of cache keep the indexes'
    // recent pages in memory; after a burst the log shrinks to as much again.
    auto set =
        database->execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = " + synchronous +
                          "; PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864");
    if (!set) return std::move(set).error();
    return database;
}

/// In the order of the ids, which the index by time has not.
std::string sql_of(const Arrivals& arrivals) {
    std::string sql = "SELECT id FROM events WHERE id > ?1 AND id <= ?2 AND +ts_ms BETWEEN ?3 AND ?4";
    if (!arrivals.project_id.empty()) sql += " AND +project = ?6";
    if (arrivals.dialect) sql += " AND (SELECT dialect FROM event_contexts WHERE id = context) = ?7";
    if (arrivals.only_reported) {
        sql += " AND bot = 0 AND kind <> " + std::to_string(static_cast<int>(model::Kind::delivery));
    }
    return sql + " ORDER BY id LIMIT ?5";
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
    auto for_emptying = open_database(options, kEmptyingTimeoutMs);
    if (!for_emptying) return std::move(for_emptying).error();
    auto rows = Rows::open(*database, {options.data_directory, options.dedupe_days, options.index_table_limit}, random);
    if (!rows) return std::move(rows).error();
    auto for_segments = Database::open(database_path(options.data_directory), Access::read_only);
    if (!for_segments) return std::move(for_segments).error();
    auto segments =
        Segments::open({.data_directory = options.data_directory, .memory_rows = options.segment_memory_rows},
                       std::move(*for_segments));
    if (!segments) return std::move(segments).error();
    return std::unique_ptr<LocalStore>(new LocalStore(options, std::move(database), std::move(*for_checkpoints),
                                                      std::move(*for_emptying), std::move(*rows),
                                                      std::move(*segments)));
}

LocalStore::LocalStore(const LocalOptions& options, std::unique_ptr<Database> database, Database for_checkpoints,
                       Database for_emptying, Rows rows, std::unique_ptr<Segments> segments)
    : data_directory_(options.data_directory),
      question_bytes_(options.question_bytes),
      database_(std::move(database)),
      checkpoints_(*database_, std::move(for_checkpoints), std::move(for_emptying)),
      rows_(std::move(rows)),
      readers_(database_path(options.data_directory), options.max_readers),
      segments_(std::move(segments)),
      erasures_({.database = *database_,
                 .turns = turns_,
                 .rows = rows_,
                 .segments = *segments_,
                 .readers = readers_,
                 .checkpoints = checkpoints_}) {}

Result<std::vector<Stored>> LocalStore::append_all(const std::vector<Batch>& batches) {
    const Turns::Turn turn(turns_);
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
                       .max_bytes = question_bytes_},
                  **reader);
}

Result<Answer> LocalStore::ask(const model::AnyQuestion& question, const Patience& patience) {
    return std::visit(
        [&](const auto& one) {
            return scan<Answer>(one.of, patience, [&](const Scan& with, Database&) { return answer(with, one); });
        },
        question);
}

Result<void> LocalStore::list(const model::List& list, const std::function<void(const model::Event&)>& each,
                              const Patience& patience) {
    // The rows are read while the snapshot is looked at: as long as that lasts, nothing of them is erased.
    const auto read = [&](const Scan& with, Database& reader) -> Result<bool> {
        const auto ids = row_ids(with, list);
        if (!ids) return ids.error();
        auto events = EventReader::open(reader);
        if (!events) return std::move(events).error();
        for (const auto id : *ids) {
            if (patience.ended()) return Error{ErrorCode::unavailable, "the question took too long"};
            const auto event = events->read(id);
            if (!event) return event.error();
            if (*event) each(**event);
        }
        return true;
    };
    auto done = scan<bool>(list.of, patience, read);
    if (!done) return std::move(done).error();
    return {};
}

Result<ArrivalPage> LocalStore::arrivals(const Arrivals& arrivals, const Patience& patience) {
    ArrivalPage page;
    const auto project = rows_.dictionary().find(kNoProject, Space::project, arrivals.project_id);
    if (!project) return project.error();
    auto reader = readers_.borrow();
    if (!reader) return std::move(reader).error();
    const auto last = last_id(**reader, "events");
    if (!last) return last.error();
    page.newest = *last;
    auto ids = (*reader)->prepare(sql_of(arrivals));
    if (!ids) return std::move(ids).error();
    for (auto from = arrivals.after; from < *last && !page.more; from += std::min(kIdsARead, *last - from)) {
        if (patience.ended()) return Error{ErrorCode::unavailable, "the question took too long"};
        ids->bind(1, from);
        ids->bind(2, from + std::min(kIdsARead, *last - from));
        ids->bind(3, arrivals.range.from_ms);
        ids->bind(4, arrivals.range.to_ms);
        ids->bind(5, arrivals.limit + 1 - std::ssize(page.places));
        if (!arrivals.project_id.empty()) ids->bind(6, *project);
        if (arrivals.dialect) ids->bind(7, static_cast<std::int64_t>(*arrivals.dialect));
        auto row = ids->step();
        for (; row && *row; row = ids->step()) page.places.push_back(ids->integer(0));
        ids->reset();
        if (!row) return row.error();
        page.more = std::ssize(page.places) > arrivals.limit;
    }
    if (page.more) page.places.pop_back();
    return page;
}

/// In one transaction: an event may be erased meanwhile, but not halfway.
Result<void> LocalStore::read(std::span<const std::int64_t> places,
                              const std::function<void(const model::Event&)>& each) {
    auto reader = readers_.borrow();
    if (!reader) return std::move(reader).error();
    if (auto begun = (*reader)->execute("BEGIN"); !begun) return begun;
    const auto read_all = [&]() -> Result<void> {
        auto events = EventReader::open(**reader);
        if (!events) return std::move(events).error();
        for (const auto place : places) {
            const auto event = events->read(place);
            if (!event) return event.error();
            if (*event) each(**event);
        }
        return {};
    };
    auto done = read_all();
    auto ended = (*reader)->execute("COMMIT");
    return done ? ended : done;
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
