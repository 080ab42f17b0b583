#include "http/json.hpp"

#include <gtest/gtest.h>

namespace collector::http {
namespace {

std::string nested(int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

TEST(Json, RefusesWhatTheProtocolRefuses) {
    for (const char* text : {"", "{", "{} {}", "nul", "\"\xff\"", "\"\\ud800\"", "{\"a\":1,}", "[1] x"}) {
        EXPECT_FALSE(parse_json(text)) << text;
    }
    EXPECT_TRUE(parse_json(nested(64)));
    EXPECT_FALSE(parse_json(nested(65)));
    EXPECT_FALSE(parse_json(nested(1'000'000)));
    EXPECT_TRUE(parse_json("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"\""));
}

TEST(Json, TheLastOfDuplicateMembersWins) {
    const auto json = parse_json(R"({"a":1,"b":2,"a":3})");
    ASSERT_TRUE(json);
    EXPECT_EQ(to_text(*json), R"({"a":3,"b":2})");
}

TEST(Json, PrintsInvalidUtf8AsAReplacement) { EXPECT_EQ(to_text(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace collector::http
