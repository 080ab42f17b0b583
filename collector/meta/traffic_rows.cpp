#include "meta/traffic_rows.hpp"

#include <utility>

namespace collector::meta {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;

constexpr std::int64_t kHour = 60;  // minutes

}  // namespace

Result<TrafficHour> find_traffic(Database& database, std::string_view project_id, std::int64_t minute) {
    auto row = database.prepare(
        "SELECT count(*), coalesce(sum(visitors), 0) FROM traffic_minutes "
        "WHERE project_id = ? AND minute >= ? AND minute < ?");
    if (!row) return std::move(row).error();
    row->bind(1, project_id);
    row->bind(2, minute - kHour);
    row->bind(3, minute);
    if (auto found = row->step(); !found) return std::move(found).error();
    return TrafficHour{.minutes = row->integer(0), .visitors = row->integer(1)};
}

Result<void> note_traffic(Database& database, std::string_view project_id, std::int64_t minute, std::int64_t visitors) {
    auto row = database.prepare(
        "INSERT INTO traffic_minutes (project_id, minute, visitors) VALUES (?, ?, ?) "
        "ON CONFLICT (project_id, minute) DO UPDATE SET visitors = excluded.visitors");
    if (!row) return std::move(row).error();
    row->bind(1, project_id);
    row->bind(2, minute);
    row->bind(3, visitors);
    if (auto done = row->run(); !done) return done;
    auto rest = database.prepare("DELETE FROM traffic_minutes WHERE project_id = ? AND (minute <= ? OR minute > ?)");
    if (!rest) return std::move(rest).error();
    rest->bind(1, project_id);
    rest->bind(2, minute - kHour);
    rest->bind(3, minute);
    return rest->run();
}

Result<std::optional<std::int64_t>> find_told(Database& database, std::string_view project_id, std::string_view event) {
    auto row = database.prepare("SELECT what FROM traffic_told WHERE project_id = ? AND event = ?");
    if (!row) return std::move(row).error();
    row->bind(1, project_id);
    row->bind(2, event);
    const auto found = row->step();
    if (!found) return found.error();
    return *found ? std::optional(row->integer(0)) : std::nullopt;
}

Result<void> note_told(Database& database, std::string_view project_id, std::string_view event,
                       std::optional<std::int64_t> what) {
    auto row = database.prepare(what ? "INSERT INTO traffic_told (project_id, event, what) VALUES (?, ?, ?) "
                                       "ON CONFLICT (project_id, event) DO UPDATE SET what = excluded.what"
                                     : "DELETE FROM traffic_told WHERE project_id = ? AND event = ?");
    if (!row) return std::move(row).error();
    row->bind(1, project_id);
    row->bind(2, event);
    if (what) row->bind(3, *what);
    return row->run();
}

}  // namespace collector::meta
