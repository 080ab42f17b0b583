#include "query/params.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "support/time_text.hpp"

namespace collector::query {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kDefaultRangeMs = 30 * kDayMs;
constexpr std::int64_t kDefaultLimit = 10;
constexpr std::int64_t kMaxLimit = 1000;

/// A bare date stands for its midnight, or as an end for its last millisecond.
Result<std::int64_t> instant(const http::Request& request, std::string_view name, std::int64_t otherwise, bool is_end) {
    const auto text = request.parameter(name);
    if (!text) return otherwise;
    if (const auto midnight = pulsekit::parse_date(*text)) return *midnight + (is_end ? kDayMs - 1 : 0);
    if (const auto time = pulsekit::parse_date_time(*text)) return *time;
    return bad_value(name, "must be an ISO 8601 date or date-time");
}

Result<model::TimeRange> range_of(const http::Request& request, std::int64_t now_ms) {
    const auto end = instant(request, "end_at", now_ms, true);
    const auto start = instant(request, "start_at", end ? *end - kDefaultRangeMs : 0, false);
    // Of two bad values the one that comes first in every document is named.
    if (!start) return start.error();
    if (!end) return end.error();
    if (*start > *end) return bad_value("start_at", "must not be after end_at");
    return model::TimeRange{*start, *end};
}

/// Decimal digits with an optional minus; what is too large for an integer is the largest one.
std::optional<std::int64_t> integer(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    std::int64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value > (kMax - 9) / 10 ? kMax : value * 10 + (c - '0');
    }
    return negative ? -value : value;
}

Result<std::int64_t> at_least(const http::Request& request, std::string_view name, std::int64_t least,
                              std::int64_t otherwise) {
    const auto text = request.parameter(name);
    if (!text) return otherwise;
    const auto value = integer(*text);
    if (!value) return bad_value(name, "must be an integer");
    if (*value < least) return bad_value(name, "must be at least " + std::to_string(least));
    return *value;
}

Result<model::Page> page_of(const http::Request& request) {
    const auto limit = at_least(request, "limit", 1, kDefaultLimit);
    if (!limit) return limit.error();
    const auto offset = at_least(request, "offset", 0, 0);
    if (!offset) return offset.error();
    return model::Page{std::min(*limit, kMaxLimit), *offset};
}

}  // namespace

Result<Params> parse(const http::Request& request, Takes takes, std::int64_t now_ms) {
    Params params;
    if (takes.range) {
        const auto range = range_of(request, now_ms);
        if (!range) return range.error();
        params.range = *range;
    }
    if (takes.page) {
        const auto page = page_of(request);
        if (!page) return page.error();
        params.page = *page;
    }
    return params;
}

Error bad_value(std::string_view parameter, std::string_view reason) {
    return Error{ErrorCode::invalid,
                 "Invalid value for '" + std::string(parameter) + "': " + std::string(reason) + "."};
}

}  // namespace collector::query
