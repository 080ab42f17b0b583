#include "store/local/dedupe.hpp"

#include <utility>

namespace collector::store::local {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::int64_t kDayMs = 86'400'000;

// Requests are not committed in the exact order of their arrival times: an id is kept a little longer than it is
// looked at, so that pruning for one event never forgets what another in flight still asks for.
constexpr std::int64_t kSlackMs = 3'600'000;

}  // namespace

Result<Dedupe> Dedupe::open(Database& database, int days) {
    // One statement both asks and takes. An id that has left the window moves to the new row, and so to the end of the
    // order in which ids are pruned.
    auto claim = database.prepare(
        "INSERT INTO event_ids (event, project, event_id, received_ms) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (project, event_id) DO UPDATE "
        "SET event = excluded.event, received_ms = excluded.received_ms "
        "WHERE event_ids.received_ms < ?");
    if (!claim) return std::move(claim).error();
    auto oldest = database.prepare("SELECT received_ms FROM event_ids ORDER BY event LIMIT 1");
    if (!oldest) return std::move(oldest).error();
    auto prune = database.prepare(
        "DELETE FROM event_ids WHERE received_ms < ? "
        "AND event IN (SELECT event FROM event_ids ORDER BY event LIMIT ?)");
    if (!prune) return std::move(prune).error();
    return Dedupe(database, days, std::move(*claim), std::move(*oldest), std::move(*prune));
}

Dedupe::Dedupe(Database& database, int days, Statement claim, Statement oldest, Statement prune)
    : database_(&database),
      window_ms_(days * kDayMs),
      claim_(std::move(claim)),
      oldest_(std::move(oldest)),
      prune_(std::move(prune)) {}

Result<Stored> Dedupe::claim(std::int64_t project, std::string_view event_id, std::int64_t received_ms,
                             std::int64_t event) {
    claim_.bind(1, event);
    claim_.bind(2, project);
    claim_.bind_borrowed(3, event_id);
    claim_.bind(4, received_ms);
    claim_.bind(5, received_ms - window_ms_);
    if (auto claimed = claim_.run(); !claimed) return std::move(claimed).error();
    return database_->changes() > 0 ? Stored::fresh : Stored::duplicate;
}

Result<void> Dedupe::prune(std::int64_t now_ms, std::int64_t limit) {
    const std::int64_t forgotten_before = now_ms - window_ms_ - kSlackMs;
    auto row = oldest_.step();
    const bool any = row && *row && oldest_.integer(0) < forgotten_before;
    oldest_.reset();
    if (!row) return std::move(row).error();
    if (!any) return {};
    prune_.bind(1, forgotten_before);
    prune_.bind(2, limit);
    return prune_.run();
}

}  // namespace collector::store::local
