#include "meta/rate_limit.hpp"

#include <gtest/gtest.h>

#include "tests/collector/support/manual_clock.hpp"

namespace collector::meta {
namespace {

using std::chrono::milliseconds;

TEST(RateLimiter, LetsABurstOfOneSecondPassAndThenTheRate) {
    pulsekit::test::ManualClock clock(0);
    RateLimiter limiter(clock, 100);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.take("a"), std::nullopt) << i;
    EXPECT_EQ(limiter.take("a"), 1);
    EXPECT_EQ(limiter.take("b"), std::nullopt) << "each name has its own bucket";
    clock.advance(milliseconds(9));
    EXPECT_EQ(limiter.take("a"), 1);
    clock.advance(milliseconds(1));
    EXPECT_EQ(limiter.take("a"), std::nullopt);
    EXPECT_EQ(limiter.take("a"), 1);
    clock.advance(milliseconds(3'600'000));
    for (int i = 0; i < 100; ++i) EXPECT_EQ(limiter.take("a"), std::nullopt) << i;
    EXPECT_EQ(limiter.take("a"), 1) << "a bucket never holds more than a second's worth";
}

TEST(RateLimiter, SaysWhenToComeBackInWholeSeconds) {
    pulsekit::test::ManualClock clock(0);
    RateLimiter limiter(clock, 0.25);
    EXPECT_EQ(limiter.take("a"), std::nullopt);
    EXPECT_EQ(limiter.take("a"), 4);
    clock.advance(milliseconds(900));
    EXPECT_EQ(limiter.take("a"), 4);
    clock.advance(milliseconds(3000));
    EXPECT_EQ(limiter.take("a"), 1);
    clock.advance(milliseconds(100));
    EXPECT_EQ(limiter.take("a"), std::nullopt);
}

TEST(RateLimiter, ZeroIsOff) {
    pulsekit::test::ManualClock clock(0);
    RateLimiter limiter(clock, 0);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.take("a"), std::nullopt);
}

}  // namespace
}  // namespace collector::meta
