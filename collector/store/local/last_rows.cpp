#include "store/local/last_rows.hpp"

namespace collector::store::local {
namespace {

std::string newest_sql(const std::string& table) {
    return "SELECT max(coalesce((SELECT max(id) FROM " + table +
           "), 0), coalesce((SELECT id FROM last_rows WHERE name = '" + table + "'), 0))";
}

}  // namespace

pulsekit::Result<std::int64_t> last_id(pulsekit::sqlite::Database& database, const std::string& table) {
    return database.query_integer(newest_sql(table));
}

pulsekit::Result<void> keep_last_id(pulsekit::sqlite::Database& database, const std::string& table) {
    return database.execute("INSERT OR REPLACE INTO last_rows (name, id) VALUES ('" + table + "', (" +
                            newest_sql(table) + "))");
}

}  // namespace collector::store::local
