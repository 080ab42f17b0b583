// Series: an entry for each UTC day of a range, with rows or without.
#pragma once

#include <cstdint>
#include <string>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "model/measure.hpp"

namespace collector::query {

inline constexpr std::int64_t kDayMs = 86'400'000;

/// The day of an instant, in days since 1970.
std::int64_t day_of(std::int64_t ts_ms);

/// Days since 1970, both included.
struct Days {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// The days that a range touches. Error `invalid` when they are too many to list.
pulsekit::Result<Days> days_of(const model::TimeRange& range);

/// `YYYY-MM-DD`.
std::string date_of(std::int64_t day);

/// A list of entry(date, row) for each day; row points to the answer's row whose first value is the day, or is null.
template <typename Entry>
http::Json series(const Days& days, const model::Answer& by_day, Entry entry) {
    auto list = http::Json::array();
    auto row = by_day.rows.begin();
    for (std::int64_t day = days.first; day <= days.last; ++day) {
        const bool any = row != by_day.rows.end() && (*row)[0] == model::Value(day);
        list.push_back(entry(date_of(day), any ? &*row : nullptr));
        if (any) ++row;
    }
    return list;
}

}  // namespace collector::query
