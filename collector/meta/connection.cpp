#include "meta/connection.hpp"

#include "meta/database.hpp"

namespace collector::meta {

pulsekit::Result<std::unique_ptr<Connection>> connect(const std::string& database_path, pulsekit::Clock& clock,
                                                      pulsekit::Random& random) {
    auto database = open_database(database_path);
    if (!database) return std::move(database).error();
    return std::make_unique<Connection>(*std::move(database), clock, random);
}

}  // namespace collector::meta
