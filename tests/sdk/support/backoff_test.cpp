#include "support/backoff.hpp"

#include <gtest/gtest.h>

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
