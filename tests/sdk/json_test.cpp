#include <gtest/gtest.h>

#include <limits>

#include "src/json_reader.hpp"
#include "src/json_writer.hpp"
#include "src/record.hpp"

namespace pulsekit::json {
namespace {

std::string written(const Value& value) {
    Buffer out(1);
    append_value(out, value);
    return out.take();
}

TEST(JsonWriter, WritesEveryValue) {
    EXPECT_EQ(written(nullptr), "null");
    EXPECT_EQ(written(true), "true");
    EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(written(0.1), "0.1");
    EXPECT_EQ(written(1e300), "1e+300");
    EXPECT_EQ(written(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(written(std::numeric_limits<double>::quiet_NaN()), "null");
    EXPECT_EQ(written("a\"b\\c\n\t\x01z"), "\"a\\\"b\\\\c\\n\\t\\u0001z\"");
    EXPECT_EQ(written(std::string_view("nul\0byte", 8)), "\"nul\\u0000byte\"");
}

TEST(JsonWriter, WhatIsNotUtf8IsReplacedAndNothingElse) {
    EXPECT_EQ(written("h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x8E\xAE"), "\"h\xC3\xA9llo \xE2\x82\xAC \xF0\x9F\x8E\xAE\"");
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(written("a\xFFz"), "\"a" + r + "z\"");
    EXPECT_EQ(written("\xC0\xAF"), "\"" + r + r + "\"");                  // overlong
    EXPECT_EQ(written("\xED\xA0\x80"), "\"" + r + r + r + "\"");          // a surrogate
    EXPECT_EQ(written("\xF4\x90\x80\x80"), "\"" + r + r + r + r + "\"");  // past U+10FFFF
    EXPECT_EQ(written("cut \xE2\x82"), "\"cut " + r + r + "\"");
}

/// Each kind of byte at each place of texts around the width of the words that are looked at at once.
TEST(JsonWriter, EveryByteIsSeenAtEveryPlace) {
    const std::pair<std::string, std::string> kinds[] = {
        {"\"", "\\\""},   {"\\", "\\\\"}, {"\x1f", "\\u001f"},      {"\x80", "\xEF\xBF\xBD"},
        {"\x7f", "\x7f"}, {" ", " "},     {"\xC3\xA9", "\xC3\xA9"}, {"!", "!"}};
    for (const auto& [byte, escaped] : kinds) {
        for (std::size_t size = 0; size < 20; ++size) {
            for (std::size_t at = 0; at <= size; ++at) {
                const std::string before(at, 'a');
                const std::string after(size - at, 'z');
                EXPECT_EQ(written(before + byte + after), '"' + before + escaped + after + '"');
            }
        }
    }
}

TEST(JsonWriter, CountsWhatItWrites) {
    EXPECT_EQ(code_points(""), 0u);
    EXPECT_EQ(code_points("h\xC3\xA9 \xF0\x9F\x8E\xAE"), 4u);
    EXPECT_EQ(code_points("a\xFFz"), 3u);
    EXPECT_EQ(code_points("\xED\xA0\x80"), 3u);
}

TEST(JsonWriter, TimesStayWithinFourDigitYears) {
    EXPECT_EQ(written(ValueAccess::time(std::numeric_limits<std::int64_t>::min())), "\"0000-01-01T00:00:00.000Z\"");
    EXPECT_EQ(written(ValueAccess::time(std::numeric_limits<std::int64_t>::max())), "\"9999-12-31T23:59:59.999Z\"");
    EXPECT_EQ(written(ValueAccess::time(-1)), "\"1969-12-31T23:59:59.999Z\"");
}

TEST(JsonReader, WalksAReply) {
    Reader reader(R"( {"a" : [1, -2 ,3], "b":{"c":[{},[],"x"]}, "t":"A\u00e9\ud83c\udfae\n"} )");
    ASSERT_TRUE(reader.begin_object());
    EXPECT_EQ(reader.next_member(), "a");
    reader.begin_array();
    std::vector<std::int64_t> numbers;
    while (reader.next_element()) numbers.push_back(reader.integer().value_or(99));
    EXPECT_EQ(numbers, (std::vector<std::int64_t>{1, -2, 3}));
    EXPECT_EQ(reader.next_member(), "b");
    EXPECT_TRUE(reader.skip_value());
    EXPECT_EQ(reader.next_member(), "t");
    EXPECT_EQ(reader.string(), "A\xC3\xA9\xF0\x9F\x8E\xAE\n");
    EXPECT_FALSE(reader.next_member());
    EXPECT_TRUE(reader.at_end());
}

TEST(JsonReader, FailsForGoodOnWhatIsNotJson) {
    for (const char* text : {"", "[", "{", "{\"a\"}", "{\"a\":1,}", "[1,]", "[1 2]", "{\"a\":tru}", "\"\\x\"",
                             "\"\\ud800\"", "{\"a\":1}}", "[[[", "<html>"}) {
        Reader reader(text);
        const bool whole = reader.skip_value() && reader.at_end();
        EXPECT_FALSE(whole) << text;
    }
    const std::string nested(100'000, '[');
    Reader deep(nested);
    EXPECT_FALSE(deep.skip_value());
    Reader fraction("1.5");
    EXPECT_FALSE(fraction.integer());
    Reader huge("99999999999999999999");
    EXPECT_FALSE(huge.integer());
}

}  // namespace
}  // namespace pulsekit::json
