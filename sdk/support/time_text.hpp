// Instants as text: the ISO 8601 date-times that the wire dialects use, always UTC inside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pulsekit {

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);

struct CivilDate {
    std::int64_t year;
    unsigned month;
    unsigned day;
};
CivilDate civil_from_days(std::int64_t days);

/// `YYYY-MM-DDThh:mm:ss[.f{1,9}][Z|±hh:mm|±hhmm]` to milliseconds since 1970, fractions cut to the millisecond; no
/// zone means UTC. Impossible dates, hour 24, a space for the T and bare dates are refused.
std::optional<std::int64_t> parse_date_time(std::string_view text);

/// `YYYY-MM-DD` to the milliseconds of its midnight in UTC.
std::optional<std::int64_t> parse_date(std::string_view text);

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, IMF-fixdate) to milliseconds since 1970.
std::optional<std::int64_t> parse_http_date(std::string_view text);

/// `2026-03-05T12:00:00.000Z`; before the year 0 and after 9999 the first and last instant of those years.
std::string date_time_ms_text(std::int64_t unix_ms);
/// Writes the 24 characters of date_time_ms_text() to `out`.
void write_date_time_ms(std::int64_t unix_ms, char* out);
/// `2026-03-05T12:00:00Z`, cut to the second.
std::string date_time_text(std::int64_t unix_ms);
/// `2026-03-05`.
std::string date_text(std::int64_t unix_ms);

}  // namespace pulsekit
