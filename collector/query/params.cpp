#include "query/params.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "query/filters.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kDefaultRangeMs = 30 * kDayMs;
constexpr model::TimeRange kAllTime{-62'135'596'800'000, 253'402'300'799'999};  // the years 1 to 9999

/// A bare date stands for its midnight, or as an end for its last millisecond.
Result<std::int64_t> instant(const http::Request& request, std::string_view name, std::int64_t otherwise, bool is_end) {
    const auto text = request.parameter(name);
    if (!text) return otherwise;
    if (const auto midnight = pulsekit::parse_date(*text)) return *midnight + (is_end ? kDayMs - 1 : 0);
    if (const auto time = pulsekit::parse_date_time(*text)) return *time;
    return bad_value(name, "must be an ISO 8601 date or date-time");
}

Result<model::TimeRange> range_of(const http::Request& request, const Takes& takes, std::int64_t now_ms) {
    const auto end = instant(request, "end_at", takes.all_time ? kAllTime.to_ms : now_ms, true);
    const std::int64_t before_end = end ? *end - kDefaultRangeMs : 0;
    const bool from_the_beginning = takes.all_time || takes.so_far;
    const auto start = instant(request, "start_at", from_the_beginning ? kAllTime.from_ms : before_end, false);
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

Result<model::Page> page_of(const http::Request& request, const Takes& takes) {
    model::Page page;
    if (takes.limit > 0) {
        const auto limit = at_least(request, "limit", 1, takes.limit);
        if (!limit) return limit.error();
        if (takes.strict_limit && *limit > takes.max_limit) {
            return bad_value("limit", "must be at most " + std::to_string(takes.max_limit));
        }
        page.limit = std::min(*limit, takes.max_limit);
    }
    if (takes.offset) {
        const auto offset = at_least(request, "offset", 0, 0);
        if (!offset) return offset.error();
        page.offset = *offset;
    }
    return page;
}

std::string listed(std::span<const std::string_view> values) {
    std::string text;
    for (const auto value : values) text.append(text.empty() ? "" : ", ").append(value);
    return text;
}

/// Nothing is as good as an empty text, save where only certain words are allowed.
Result<std::string> own_of(const http::Request& request, const Parameter& parameter) {
    const auto text = request.parameter(parameter.name);
    if (!text || (text->empty() && (parameter.required || parameter.one_of.empty()))) {
        if (!parameter.required) return std::string(parameter.otherwise);
        return Error{ErrorCode::invalid, "Missing required query parameter '" + std::string(parameter.name) + "'."};
    }
    const auto& allowed = parameter.one_of;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), *text) == allowed.end()) {
        return bad_value(parameter.name, "must be one of: " + listed(allowed));
    }
    return std::string(*text);
}

}  // namespace

Result<Params> parse(const http::Request& request, const Takes& takes, std::int64_t now_ms) {
    Params params;
    if (takes.range || takes.all_time || takes.so_far) {
        const auto range = range_of(request, takes, now_ms);
        if (!range) return range.error();
        params.range = *range;
    }
    const auto page = page_of(request, takes);
    if (!page) return page.error();
    params.page = *page;
    for (const auto& parameter : takes.own) {
        auto value = own_of(request, parameter);
        if (!value) return value.error();
        if (!value->empty()) params.own.emplace(parameter.name, *std::move(value));
    }
    if (takes.filters) {
        auto filters = filters_of(request);
        if (!filters) return filters.error();
        params.filters = *std::move(filters);
    }
    return params;
}

Error bad_value(std::string_view parameter, std::string_view reason) {
    return Error{ErrorCode::invalid,
                 "Invalid value for '" + std::string(parameter) + "': " + std::string(reason) + "."};
}

}  // namespace collector::query
