#include "meta/database.hpp"

#include <utility>
#include <vector>

#include "embedded/meta.hpp"
#include "support/sqlite/migrate.hpp"

namespace collector::meta {

using pulsekit::sqlite::Database;

pulsekit::Result<Database> open_database(const std::string& path) {
    auto database = Database::open(path, pulsekit::sqlite::Access::create_clean);
    if (!database) return database;
    // FULL: a key that was shown to somebody, or revoked, must be so after a power failure too.
    auto set = database->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    if (!set) return std::move(set).error();
    const std::vector<pulsekit::sqlite::Migration> migrations = {{1, embedded::k0001_projects_and_keys_sql},
                                                                 {2, embedded::k0002_modules_sql},
                                                                 {3, embedded::k0003_definitions_sql},
                                                                 {4, embedded::k0004_retention_sql},
                                                                 {5, embedded::k0005_experiments_sql},
                                                                 {6, embedded::k0006_surveys_sql},
                                                                 {7, embedded::k0007_shares_sql},
                                                                 {8, embedded::k0008_alerts_sql},
                                                                 {9, embedded::k0009_webhooks_and_outbox_sql},
                                                                 {10, embedded::k0010_audit_and_rotation_sql}};
    auto migrated = pulsekit::sqlite::migrate(*database, "meta", migrations);
    if (!migrated) return std::move(migrated).error();
    return database;
}

}  // namespace collector::meta
