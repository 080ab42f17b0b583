#include "ingest/json.hpp"

#include <gtest/gtest.h>

#include "http/json.hpp"

namespace collector::ingest {
namespace {

std::string compact(std::string text) {
    JsonParser parser;
    const auto value = parser.parse(text);
    if (!value) return "invalid";
    std::string out;
    append(out, *value);
    return out;
}

TEST(IngestJson, PrintsTheCompactForm) {
    EXPECT_EQ(compact(" { \"a\" : [ 1 , -2 , 18446744073709551615, 2.5, true, false, null, [ ], { } ] } "),
              R"({"a":[1,-2,18446744073709551615,2.5,true,false,null,[],{}]})");
    EXPECT_EQ(compact(R"("\u00e9\/\"\\\b\f\n\r\t\u0001\u0000")"), "\"é/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u0000\"");
    EXPECT_EQ(compact("\"\\ud83d\\ude00\""), "\"😀\"");
}

TEST(IngestJson, IntegersPast64BitsAreFloats) {
    EXPECT_EQ(compact("[100000000000000000000,-9223372036854775809,18446744073709551615,-9223372036854775808]"),
              "[1e+20,-9223372036854775808,18446744073709551615,-9223372036854775808]");
    EXPECT_EQ(compact(R"(["100000000000000000000\"",1.5,1e3])"), R"(["100000000000000000000\"",1.5,1000])");
}

TEST(IngestJson, OfRepeatedMembersTheLastWinsInSmallAndLargeObjects) {
    EXPECT_EQ(compact(R"({"a":1,"b":2,"a":3})"), R"({"b":2,"a":3})");
    std::string large = "{\"x\":0";
    for (int i = 0; i < 1000; ++i) large += ",\"m" + std::to_string(i % 500) + "\":" + std::to_string(i);
    large += ",\"x\":1}";
    JsonParser parser;
    const auto members = object_of(*parser.parse(large));
    ASSERT_TRUE(members);
    EXPECT_EQ(std::distance(members->begin(), members->end()), 501);
    EXPECT_EQ(integer_of(*members->find("m7")), 507);
    EXPECT_EQ(integer_of(*members->find("x")), 1);
}

TEST(IngestJson, AgreesWithTheParserOfTheOtherApisOnWhatIsJson) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "{} {}",
                             "nul",
                             "\"\xff\"",
                             "\"\\ud800\"",
                             "\"\\udc00\"",
                             "\"\\ud800\\u0041\"",
                             "{\"a\":1,}",
                             "[1] x",
                             "01",
                             "+1",
                             ".5",
                             "1.",
                             "1e",
                             "-",
                             "\"\t\"",
                             "'a'",
                             "{a:1}",
                             "[1 2]",
                             "{\"a\" 1}",
                             "\"\\x\"",
                             "\"\\u12g4\"",
                             "NaN",
                             "1e400",
                             "//",
                             "[],",
                             "\"",
                             "true false"}) {
        EXPECT_EQ(compact(text), "invalid") << text;
        EXPECT_FALSE(http::parse_json(text)) << text;
    }
    for (const char* text :
         {"1", "\"a\"", "null", "[]", "{}", "-0", "1e3", "1E+3", "\"\\u0000\"", " [1 ] ", "\"\x7f\""}) {
        EXPECT_NE(compact(text), "invalid") << text;
        EXPECT_TRUE(http::parse_json(text)) << text;
    }
}

TEST(IngestJson, AnIntegralFloatIsAnInteger) {
    JsonParser parser;
    const auto integer = [&](std::string text) { return integer_of(*parser.parse(text)); };
    EXPECT_EQ(integer("1.7e12"), 1'700'000'000'000);
    EXPECT_EQ(integer("-0.0"), 0);
    EXPECT_EQ(integer("1.5"), std::nullopt);
    EXPECT_EQ(integer("1e16"), std::nullopt);
    EXPECT_EQ(integer("18446744073709551615"), std::nullopt);
    EXPECT_EQ(integer("\"1\""), std::nullopt);
}

struct Field {
    std::string_view name;
};

TEST(IngestJson, ATableKnowsItsNamesAndNoOthersAlsoWhereTagsCollide) {
    static constexpr Field kFields[] = {{"event_id"}, {"a.b"}, {""}, {"cab"}, {"bca"}, {"user.id"}, {"page.title"}};
    static constexpr NameTable<std::size(kFields)> kTable(kFields);
    static_assert(kTable.find("user.id") == 5);
    for (std::size_t i = 0; i < std::size(kFields); ++i) EXPECT_EQ(kTable.find(kFields[i].name), i);
    // Names of one length with few letters share the 256 tags many times over.
    for (int i = 0; i < 20'000; ++i) EXPECT_EQ(kTable.find("x" + std::to_string(i)), kTable.kNone);
}

TEST(IngestJson, MembersAreFoundAlsoWhereTagsCollide) {
    std::string text = "{";
    for (int i = 0; i < 48; ++i) text += (i ? ",\"" : "\"") + std::to_string(i * 7) + "\":" + std::to_string(i);
    JsonParser parser;
    std::string whole = text + "}";
    const auto members = object_of(*parser.parse(whole));
    ASSERT_TRUE(members);
    for (int i = 0; i < 48; ++i) EXPECT_EQ(integer_of(*members->find(std::to_string(i * 7))), i);
    EXPECT_EQ(members->find("1"), nullptr);
}

TEST(IngestJson, NoCompactFormIsLargerThanItsBound) {
    for (const char* text : {"{}", "[]", "\"\"", "null", "-9223372036854775808", "-1.7976931348623157e+308",
                             R"("\u0000\u001f\"\\")", R"({"\u0001":{"":[[],{"a":-0.30000000000000004}]},"b":false})"}) {
        JsonParser parser;
        std::string whole = text;
        const auto value = parser.parse(whole);
        ASSERT_TRUE(value) << text;
        EXPECT_GE(compact_size_at_most(*value), compact(text).size()) << text;
    }
}

}  // namespace
}  // namespace collector::ingest
