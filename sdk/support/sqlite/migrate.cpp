#include "support/sqlite/migrate.hpp"

namespace pulsekit::sqlite {
namespace {

Result<std::int64_t> applied(Database& database, const std::string& schema) {
    auto statement = database.prepare("SELECT coalesce(max(number), 0) FROM schema_migrations WHERE schema = ?");
    if (!statement) return std::move(statement).error();
    statement->bind(1, schema);
    if (auto row = statement->step(); !row) return std::move(row).error();
    return statement->integer(0);
}

Result<void> apply(Database& database, const std::string& schema, const Migration& migration) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::move(transaction).error();
    if (auto done = database.execute(migration.sql); !done) return done;
    auto record = database.prepare("INSERT INTO schema_migrations (schema, number) VALUES (?, ?)");
    if (!record) return std::move(record).error();
    record->bind(1, schema);
    record->bind(2, std::int64_t{migration.number});
    if (auto recorded = record->run(); !recorded) return recorded;
    return transaction->commit();
}

}  // namespace

Result<void> migrate(Database& database, const std::string& schema, const std::vector<Migration>& migrations) {
    if (auto created = database.execute("CREATE TABLE IF NOT EXISTS schema_migrations ("
                                        "schema TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (schema, number))");
        !created) {
        return created;
    }
    const auto seen = applied(database, schema);
    if (!seen) return seen.error();
    const int newest = migrations.empty() ? 0 : migrations.back().number;
    if (*seen > newest) {
        return Error{ErrorCode::conflict, "the data has " + schema + " schema " + std::to_string(*seen) +
                                              ", newer than this program knows (" + std::to_string(newest) + ")"};
    }
    for (const auto& migration : migrations) {
        if (migration.number <= *seen) continue;
        if (auto done = apply(database, schema, migration); !done) return done;
    }
    return {};
}

}  // namespace pulsekit::sqlite
