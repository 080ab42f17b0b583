// How far a service has been sent the stored events: kept beside them, so that a restart goes on where it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::outbound {

struct Cursor {
    std::int64_t position = 0;     ///< of the last event that is done with, as EventStore::arrivals tells places
    int failures = 0;              ///< tries in a row that came to nothing
    std::int64_t next_try_ms = 0;  ///< since 1970; 0: at once
    std::string last_error;        ///< empty: none since the last success
};

/// A connection to the data's database. One thread at a time. A loss of power may take the last changes: then events
/// are sent again, under the ids by which the services know them.
class Cursors {
public:
    /// Brings the schema up to date.
    static pulsekit::Result<Cursors> open(const std::string& database_path);

    /// Nothing when the provider never had one.
    pulsekit::Result<std::optional<Cursor>> find(std::string_view provider);
    pulsekit::Result<void> save(std::string_view provider, const Cursor& cursor);

private:
    explicit Cursors(pulsekit::sqlite::Database database) : database_(std::move(database)) {}
    pulsekit::sqlite::Database database_;
};

}  // namespace collector::outbound
