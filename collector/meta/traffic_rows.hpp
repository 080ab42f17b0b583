// What the webhooks about traffic go by: the last hour's visitors, and what was told already.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::meta {

/// Of the minutes of an hour that are known.
struct TrafficHour {
    std::int64_t minutes = 0;
    std::int64_t visitors = 0;  ///< of each minute, added up
};

/// The hour before the minute, which counts from 1970.
pulsekit::Result<TrafficHour> find_traffic(pulsekit::sqlite::Database& database, std::string_view project_id,
                                           std::int64_t minute);
/// How many visitors were active in the minute. What is no longer of an hour goes, and so does what is of a future that
/// a clock which has been set back took away. Within a transaction.
pulsekit::Result<void> note_traffic(pulsekit::sqlite::Database& database, std::string_view project_id,
                                    std::int64_t minute, std::int64_t visitors);

/// What the project's webhooks have been told of the event last.
pulsekit::Result<std::optional<std::int64_t>> find_told(pulsekit::sqlite::Database& database,
                                                        std::string_view project_id, std::string_view event);
/// In place of what was there; nothing: they have been told nothing.
pulsekit::Result<void> note_told(pulsekit::sqlite::Database& database, std::string_view project_id,
                                 std::string_view event, std::optional<std::int64_t> what);

}  // namespace collector::meta
