#include "outbound/cursors.hpp"

#include <utility>
#include <vector>

#include "embedded/forwarding.hpp"
#include "support/sqlite/migrate.hpp"

namespace collector::outbound {

using pulsekit::Result;
using pulsekit::sqlite::Database;

Result<Cursors> Cursors::open(const std::string& database_path) {
    auto database = Database::open(database_path, pulsekit::sqlite::Access::create_clean);
    if (!database) return std::move(database).error();
    // The log is emptied by the store, in its own time.
    auto set =
        database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
    if (!set) return std::move(set).error();
    const std::vector<pulsekit::sqlite::Migration> migrations = {{1, embedded::k0001_cursors_sql}};
    auto migrated = pulsekit::sqlite::migrate(*database, "forwarding", migrations);
    if (!migrated) return std::move(migrated).error();
    return Cursors(*std::move(database));
}

Result<std::optional<Cursor>> Cursors::find(std::string_view provider) {
    auto row = database_.prepare(
        "SELECT position, failures, next_try_ms, last_error FROM forwarding_cursors WHERE provider = ?");
    if (!row) return std::move(row).error();
    row->bind(1, provider);
    const auto found = row->step();
    if (!found) return found.error();
    if (!*found) return std::optional<Cursor>();
    return std::optional<Cursor>({.position = row->integer(0),
                                  .failures = static_cast<int>(row->integer(1)),
                                  .next_try_ms = row->integer(2),
                                  .last_error = std::string(row->text(3))});
}

Result<void> Cursors::save(std::string_view provider, const Cursor& cursor) {
    auto row = database_.prepare(
        "INSERT OR REPLACE INTO forwarding_cursors (provider, position, failures, next_try_ms, last_error) "
        "VALUES (?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, provider);
    row->bind(2, cursor.position);
    row->bind(3, std::int64_t{cursor.failures});
    row->bind(4, cursor.next_try_ms);
    row->bind(5, std::string_view(cursor.last_error));
    return row->run();
}

}  // namespace collector::outbound
