#include "support/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/seeded_random.hpp"

namespace pulsekit {
namespace {

class FixedRandom final : public Random {
public:
    explicit FixedRandom(std::uint64_t value) : value_(value) {}
    std::uint64_t next() noexcept override { return value_; }

private:
    std::uint64_t value_;
};

using std::chrono::milliseconds;

TEST(Backoff, TheCeilingDoublesUpToTheCap) {
    for (const std::int64_t ceiling : {500, 1000, 2000}) {
        FixedRandom random(static_cast<std::uint64_t>(ceiling));
        Backoff backoff({milliseconds(500), milliseconds(2000)}, random);
        milliseconds wait{0};
        for (std::int64_t c = 500; c <= ceiling; c *= 2) wait = backoff.failed();
        EXPECT_EQ(wait, milliseconds(ceiling));
    }
    FixedRandom random(2000);
    Backoff backoff({milliseconds(500), milliseconds(2000)}, random);
    for (int i = 0; i < 100; ++i) backoff.failed();
    EXPECT_EQ(backoff.failed(), milliseconds(2000));
}

TEST(Backoff, NeverShorterThanTheServerAskedFor) {
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{499}, ~std::uint64_t{0}}) {
        FixedRandom random(value);
        Backoff backoff({}, random);
        EXPECT_GE(backoff.failed(milliseconds(7000)), milliseconds(7000));
    }
}

// Any limits, any history: within the bounds, over all of them, and never shorter than asked.
TEST(Backoff, HoldsItsBoundsWhateverHappens) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::SeededRandom random(seed);
    for (int round = 0; round < 200; ++round) {
        const BackoffLimits limits{milliseconds(1 + random.below(2'000)), milliseconds(1 + random.below(600'000))};
        Backoff backoff(limits, random);
        int failures = 0;
        for (int i = 0; i < 100; ++i) {
            if (random.below(40) == 0) {
                backoff.succeeded();
                failures = 0;
            }
            const milliseconds asked(random.below(3) == 0 ? random.below(10'000) : 0);
            double ceiling = static_cast<double>(limits.base.count());
            for (int f = 0; f < failures; ++f) ceiling *= 2;
            ceiling = std::min(ceiling, static_cast<double>(limits.cap.count()));
            const auto wait = backoff.failed(asked);
            ++failures;
            EXPECT_EQ(backoff.failures(), failures);
            EXPECT_GE(wait, asked);
            if (asked.count() == 0) {
                EXPECT_LE(static_cast<double>(wait.count()), ceiling);
            } else {
                EXPECT_LE(wait, asked + asked / 4 + milliseconds(1));
            }
        }
    }
}

TEST(Backoff, SpreadsItsWaitsEvenly) {
    test::SeededRandom random(7);
    Backoff backoff({milliseconds(1'000), milliseconds(1'000)}, random);
    int tenths[10] = {};
    for (int i = 0; i < 10'000; ++i) {
        const auto tenth = backoff.failed().count() / 100;
        ++tenths[std::min<std::int64_t>(tenth, 9)];
    }
    for (const int count : tenths) EXPECT_NEAR(count, 1'000, 200);
}

TEST(Backoff, SuccessStartsOver) {
    FixedRandom random(501);  // one past the first ceiling
    Backoff backoff({milliseconds(500), milliseconds(60'000)}, random);
    EXPECT_EQ(backoff.failed(), milliseconds(0));
    EXPECT_EQ(backoff.failed(), milliseconds(501));
    backoff.succeeded();
    EXPECT_EQ(backoff.failed(), milliseconds(0));
}

}  // namespace
}  // namespace pulsekit
