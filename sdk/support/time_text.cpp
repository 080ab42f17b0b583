#include "support/time_text.hpp"

#include <algorithm>

namespace pulsekit {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads exactly `count` digits and moves past them.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_digit(text[i])) return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

unsigned days_in_month(int year, int month) {
    static constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<std::int64_t> take_date(std::string_view& text) {
    const auto year = take_number(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_number(text, 2);
    if (!month || *month < 1 || *month > 12 || !take(text, '-')) return std::nullopt;
    const auto day = take_number(text, 2);
    if (!day || *day < 1 || static_cast<unsigned>(*day) > days_in_month(*year, *month)) return std::nullopt;
    return days_from_civil(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day)) * kDayMs;
}

/// The fraction after a dot, as milliseconds.
std::optional<int> take_fraction(std::string_view& text) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
        if (digits < 3) value = value * 10 + (text[digits] - '0');
    }
    if (digits < 1 || digits > 9) return std::nullopt;
    text.remove_prefix(digits);
    for (std::size_t i = digits; i < 3; ++i) value *= 10;
    return value;
}

/// The zone's distance to UTC in minutes; the text must end with it.
std::optional<int> take_zone(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return 0;
    const int sign = text.front() == '-' ? -1 : 1;
    if (text.front() != '+' && text.front() != '-') return std::nullopt;
    text.remove_prefix(1);
    const auto hours = take_number(text, 2);
    if (!hours || *hours > 23) return std::nullopt;
    take(text, ':');
    const auto minutes = take_number(text, 2);
    if (!minutes || *minutes > 59 || !text.empty()) return std::nullopt;
    return sign * (*hours * 60 + *minutes);
}

void write_digits(char* out, std::int64_t value, int count) {
    for (int i = count - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

// Both directions: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const std::int64_t era = floor_divide(year, 400);
    const auto year_of_era = static_cast<unsigned>(year - era * 400);
    const unsigned day_of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

CivilDate civil_from_days(std::int64_t days) {
    days += 719468;
    const std::int64_t era = floor_divide(days, 146097);
    const auto day_of_era = static_cast<unsigned>(days - era * 146097);
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted_month = (5 * day_of_year + 2) / 153;
    const unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::optional<std::int64_t> parse_date_time(std::string_view text) {
    const auto midnight = take_date(text);
    if (!midnight || (!take(text, 'T') && !take(text, 't'))) return std::nullopt;
    const auto hour = take_number(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_number(text, 2);
    if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
    const auto second = take_number(text, 2);
    if (!second || *second > 59) return std::nullopt;
    int milliseconds = 0;
    if (take(text, '.')) {
        const auto fraction = take_fraction(text);
        if (!fraction) return std::nullopt;
        milliseconds = *fraction;
    }
    const auto zone = take_zone(text);
    if (!zone) return std::nullopt;
    return *midnight + ((*hour * 60 + *minute - *zone) * 60 + *second) * std::int64_t{1000} + milliseconds;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
    const auto midnight = take_date(text);
    return text.empty() ? midnight : std::nullopt;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || text.substr(25) != " GMT" || text.substr(3, 2) != ", ") return std::nullopt;
    const auto month = kMonths.find(text.substr(8, 3));
    if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
    std::string iso(text.substr(12, 4));
    const auto number = static_cast<char>('0' + (month / 3 + 1) % 10);
    iso += '-';
    iso += month / 3 + 1 >= 10 ? '1' : '0';
    iso += number;
    iso += '-';
    iso += text.substr(5, 2);
    iso += 'T';
    iso += text.substr(17, 8);
    return parse_date_time(iso);
}

void write_date_time_ms(std::int64_t unix_ms, char* out) {
    constexpr std::int64_t kFirstMs = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
    constexpr std::int64_t kLastMs = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
    unix_ms = std::clamp(unix_ms, kFirstMs, kLastMs);
    const std::int64_t days = floor_divide(unix_ms, kDayMs);
    const std::int64_t rest = unix_ms - days * kDayMs;
    const CivilDate date = civil_from_days(days);
    write_digits(out, date.year, 4);
    out[4] = '-';
    write_digits(out + 5, date.month, 2);
    out[7] = '-';
    write_digits(out + 8, date.day, 2);
    out[10] = 'T';
    write_digits(out + 11, rest / 3'600'000, 2);
    out[13] = ':';
    write_digits(out + 14, rest / 60'000 % 60, 2);
    out[16] = ':';
    write_digits(out + 17, rest / 1000 % 60, 2);
    out[19] = '.';
    write_digits(out + 20, rest % 1000, 3);
    out[23] = 'Z';
}

std::string date_time_ms_text(std::int64_t unix_ms) {
    std::string out(24, '\0');
    write_date_time_ms(unix_ms, &out[0]);
    return out;
}

std::string date_time_text(std::int64_t unix_ms) { return date_time_ms_text(unix_ms).substr(0, 19) + "Z"; }
std::string date_text(std::int64_t unix_ms) { return date_time_ms_text(unix_ms).substr(0, 10); }

}  // namespace pulsekit
