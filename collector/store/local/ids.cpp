#include "store/local/ids.hpp"

#include <algorithm>
#include <utility>

#include "store/local/event_id.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::int64_t kDayMs = 86'400'000;
// Requests are not committed in the exact order of their arrival times: an id is kept a little longer than it is known.
constexpr std::int64_t kSlackMs = 3'600'000;

HashEntry entry_of_row(const Statement& row) { return Ids::entry(row.integer(1), event_id_of(row, 2), row.integer(3)); }

}  // namespace

Result<Ids> Ids::open(Database& database, std::string folder, int days, std::size_t table_limit) {
    auto index =
        HashIndex::open(database,
                        {.table = "events",
                         .columns = "project, event_id, ts_ms + delay_ms",
                         .condition = "event_id_is_ours = 0",
                         .value = "ts_ms + delay_ms",
                         .entry = entry_of_row,
                         .outlives_rows = true},
                        {.folder = std::move(folder), .table_limit = table_limit, .keep = days * kDayMs + kSlackMs});
    if (!index) return std::move(index).error();
    return Ids(std::move(*index), days * kDayMs);
}

HashEntry Ids::entry(std::int64_t project, std::string_view event_id, std::int64_t received_ms) {
    // The numbers of projects have one size: no two pairs make the same bytes.
    thread_local std::string key;
    key.assign(reinterpret_cast<const char*>(&project), sizeof project).append(event_id);
    return hash_entry(key, std::max<std::int64_t>(received_ms, 1));
}

Result<Stored> Ids::claim(const HashEntry& entry, std::int64_t received_ms) {
    const auto known_ms = index_->find(entry);
    if (!known_ms) return known_ms.error();
    if (*known_ms >= 0 && *known_ms >= received_ms - window_ms_) return Stored::duplicate;
    index_->add(entry);
    return Stored::fresh;
}

}  // namespace collector::store::local
