#include "query/days.hpp"

#include "query/params.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

constexpr std::int64_t kMaxDays = 36'600;  // a hundred years: every day of the range is an entry of the answer

}  // namespace

// Rounded down also before 1970.
std::int64_t day_of(std::int64_t ts_ms) { return ts_ms / kDayMs - (ts_ms % kDayMs < 0 ? 1 : 0); }

pulsekit::Result<Days> days_of(const model::TimeRange& range) {
    const Days days{.first = day_of(range.from_ms), .last = day_of(range.to_ms)};
    if (days.last - days.first < kMaxDays) return days;
    return bad_value("start_at", "the range must not exceed " + std::to_string(kMaxDays) + " days");
}

std::string date_of(std::int64_t day) { return pulsekit::date_text(day * kDayMs); }

}  // namespace collector::query
