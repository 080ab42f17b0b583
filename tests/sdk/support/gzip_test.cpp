#include "support/gzip.hpp"

#include <gtest/gtest.h>

namespace pulsekit::gzip {
namespace {

TEST(Gzip, GivesBackWhatItTook) {
    for (const std::string& text : {std::string(), std::string("x"), std::string(1'000'000, 'a')}) {
        const auto packed = compress(text);
        ASSERT_TRUE(packed.ok());
        const auto unpacked = inflate(*packed, 2'000'000);
        ASSERT_TRUE(unpacked.ok());
        EXPECT_EQ(*unpacked, text);
    }
}

TEST(Gzip, TheCapIsExact) {
    const auto packed = compress(std::string(100'000, 'a'));
    ASSERT_TRUE(packed.ok());
    EXPECT_TRUE(inflate(*packed, 100'000).ok());
    const auto over = inflate(*packed, 99'999);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code, ErrorCode::limited);
}

TEST(Gzip, ABombIsRefusedAtTheCap) {
    const auto bomb = compress(std::string(50'000'000, '\0'), 9);
    ASSERT_TRUE(bomb.ok());
    ASSERT_LT(bomb->size(), 100'000u);
    const auto inflated = inflate(*bomb, 10'485'760);
    ASSERT_FALSE(inflated.ok());
    EXPECT_EQ(inflated.error().code, ErrorCode::limited);
}

TEST(Gzip, EveryTruncationAndTrailingGarbageIsInvalid) {
    const auto packed = compress("the quick brown fox");
    ASSERT_TRUE(packed.ok());
    for (std::size_t size = 0; size < packed->size(); ++size) {
        const auto cut = inflate(packed->substr(0, size), 1000);
        ASSERT_FALSE(cut.ok()) << size;
        EXPECT_EQ(cut.error().code, ErrorCode::invalid);
    }
    EXPECT_FALSE(inflate(*packed + "tail", 1000).ok());
    EXPECT_FALSE(inflate("not gzip at all", 1000).ok());
}

TEST(Gzip, MembersAreConcatenated) {
    const auto one = compress("one,");
    const auto two = compress("two");
    ASSERT_TRUE(one.ok() && two.ok());
    const auto both = inflate(*one + *two, 1000);
    ASSERT_TRUE(both.ok());
    EXPECT_EQ(*both, "one,two");
}

}  // namespace
}  // namespace pulsekit::gzip
