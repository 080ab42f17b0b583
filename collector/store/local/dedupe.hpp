// Which event ids were seen: a repeated event is stored once.
#pragma once

#include <cstdint>
#include <string_view>

#include <pulsekit/result.hpp>

#include "store/store.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// An id is known for `days` days after it was first received, by the arrival times of the events themselves. Works
/// within the writer's transaction. The database must outlive it. One thread at a time.
class Dedupe {
public:
    static pulsekit::Result<Dedupe> open(pulsekit::sqlite::Database& database, int days);

    /// Fresh: the id is now that of the row `event`. Duplicate: it was another's, received within the window.
    pulsekit::Result<Stored> claim(std::int64_t project, std::string_view event_id, std::int64_t received_ms,
                                   std::int64_t event);

    /// Forgets ids that have left the window at `now_ms`, oldest first, at most `limit` of them.
    pulsekit::Result<void> prune(std::int64_t now_ms, std::int64_t limit);

private:
    Dedupe(pulsekit::sqlite::Database& database, int days, pulsekit::sqlite::Statement claim,
           pulsekit::sqlite::Statement oldest, pulsekit::sqlite::Statement prune);

    pulsekit::sqlite::Database* database_;
    std::int64_t window_ms_;
    pulsekit::sqlite::Statement claim_;
    pulsekit::sqlite::Statement oldest_;
    pulsekit::sqlite::Statement prune_;
};

}  // namespace collector::store::local
