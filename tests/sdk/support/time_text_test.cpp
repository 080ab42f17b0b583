#include "support/time_text.hpp"

#include <gtest/gtest.h>

namespace pulsekit {
namespace {

TEST(TimeText, ReadsTheFormsOfTheProtocols) {
    EXPECT_EQ(parse_date_time("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_date_time("2024-01-15T10:30:00Z"), 1705314600000);
    EXPECT_EQ(parse_date_time("2024-01-15T10:30:00"), 1705314600000);
    EXPECT_EQ(parse_date_time("2024-01-15T10:30:00.1Z"), 1705314600100);
    EXPECT_EQ(parse_date_time("2024-01-15T10:30:00.123456789Z"), 1705314600123);
    EXPECT_EQ(parse_date_time("2024-01-15T12:30:00+02:00"), 1705314600000);
    EXPECT_EQ(parse_date_time("2024-01-15T05:00:00-0530"), 1705314600000);
    EXPECT_EQ(parse_date_time("2024-02-29T00:00:00Z"), 1709164800000);
    EXPECT_EQ(parse_date("2024-01-15"), 1705276800000);
}

TEST(TimeText, RefusesWhatIsNotADateTime) {
    for (const char* text :
         {"", "2024-01-15", "2024-01-15 10:30:00Z", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z",
          "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-15T24:00:00Z", "2024-01-15T10:60:00Z",
          "2024-01-15T10:30:60Z", "2024-01-15T10:30:00.Z", "2024-01-15T10:30:00.1234567890Z", "2024-01-15T10:30:00+2",
          "2024-01-15T10:30:00ZZ", "1705314600000", "2024-01-15T10:30Z", "24-01-15T10:30:00Z"}) {
        EXPECT_EQ(parse_date_time(text), std::nullopt) << text;
    }
    EXPECT_EQ(parse_date("2024-01-15T00:00:00Z"), std::nullopt);
}

TEST(TimeText, ReadsHttpDates) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777000);
    EXPECT_EQ(parse_http_date("Sun, 06 Dec 1994 08:49:37 GMT"), 786703777000);
    for (const char* text : {"", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 anF 1994 08:49:37 GMT",
                             "Sun, 31 Feb 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
    }
}

TEST(TimeText, WritesWhatItReads) {
    EXPECT_EQ(date_time_ms_text(1705314600123), "2024-01-15T10:30:00.123Z");
    EXPECT_EQ(date_time_text(1705314600999), "2024-01-15T10:30:00Z");
    EXPECT_EQ(date_text(1705314600999), "2024-01-15");
    EXPECT_EQ(date_time_ms_text(-1), "1969-12-31T23:59:59.999Z");
    for (std::int64_t day = -200'000; day < 200'000; day += 37) {
        const auto date = civil_from_days(day);
        ASSERT_EQ(days_from_civil(date.year, date.month, date.day), day);
    }
}

}  // namespace
}  // namespace pulsekit
