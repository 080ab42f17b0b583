#include "store/local/local_store.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

#include "store/local/compile.hpp"
#include "store/local/migrations.hpp"

namespace collector::store::local {
namespace {

using model::Answer;
using model::Value;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Access;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

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

void bind(Statement& statement, const std::vector<Value>& values) {
    int parameter = 0;
    for (const auto& value : values) {
        ++parameter;
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            statement.bind(parameter, *integer);
        } else if (const auto* real = std::get_if<double>(&value)) {
            statement.bind(parameter, *real);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            statement.bind_borrowed(parameter, *text);
        } else {
            statement.bind_null(parameter);
        }
    }
}

Value value_of(const Statement& statement, int column) {
    if (statement.is_null(column)) return std::monostate();
    if (statement.is_integer(column)) return statement.integer(column);
    if (statement.is_real(column)) return statement.real(column);
    return std::string(statement.text(column));
}

Result<std::vector<std::vector<Value>>> rows_of(Database& database, const std::string& sql,
                                                const std::vector<Value>& values) {
    auto statement = database.prepare(sql);
    if (!statement) return std::move(statement).error();
    bind(*statement, values);
    std::vector<std::vector<Value>> rows;
    while (true) {
        const auto more = statement->step();
        if (!more) return more.error();
        if (!*more) return rows;
        auto& row = rows.emplace_back();
        for (int column = 0; column < statement->columns(); ++column) row.push_back(value_of(*statement, column));
    }
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
    return std::unique_ptr<LocalStore>(
        new LocalStore(options, std::move(database), std::move(*for_checkpoints), std::move(*rows)));
}

LocalStore::LocalStore(const LocalOptions& options, std::unique_ptr<Database> database, Database for_checkpoints,
                       Rows rows)
    : data_directory_(options.data_directory),
      database_(std::move(database)),
      checkpoints_(*database_, std::move(for_checkpoints)),
      rows_(std::move(rows)),
      readers_(database_path(options.data_directory), options.max_readers) {}

Result<std::vector<Stored>> LocalStore::append_all(const std::vector<Batch>& batches) {
    checkpoints_.before_transaction();
    return rows_.append(batches);
}

Result<Answer> LocalStore::ask(const model::Question& question) {
    const auto compiled = compile(question, rows_.dictionary());
    if (!compiled) return compiled.error();
    auto reader = readers_.borrow();
    if (!reader) return std::move(reader).error();
    auto rows = rows_of(**reader, compiled->groups, compiled->values);
    if (!rows) return std::move(rows).error();
    Answer answer{.rows = std::move(*rows)};
    const auto answered = static_cast<std::int64_t>(answer.rows.size());
    const auto& page = question.page;
    // A page that is neither empty nor full is the last one: it tells the total by itself.
    if (answered > 0 && (page.limit < 0 || answered < page.limit)) {
        answer.total_groups = std::max<std::int64_t>(page.offset, 0) + answered;
        return answer;
    }
    if (answered == 0 && page.offset <= 0 && page.limit != 0) return answer;
    const auto total = rows_of(**reader, compiled->total, compiled->values);
    if (!total) return total.error();
    answer.total_groups = std::get<std::int64_t>(total->front().front());
    return answer;
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
