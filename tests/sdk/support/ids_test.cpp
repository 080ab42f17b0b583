#include "support/ids.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pulsekit {
namespace {

class CountingRandom final : public Random {
public:
    std::uint64_t next() noexcept override { return state_ += 0x9e3779b97f4a7c15; }

private:
    std::uint64_t state_ = 0;
};

TEST(Uuid, CarriesVersionVariantAndTime) {
    CountingRandom random;
    UuidGenerator generator(random);
    const std::string text = generator.next(0x0123456789ab).text();
    ASSERT_EQ(text.size(), 36u);
    EXPECT_EQ(text.substr(0, 13), "01234567-89ab");
    EXPECT_EQ(text[14], '7');
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(Uuid, IncreasesAlsoWhenTheClockStandsStillOrGoesBack) {
    CountingRandom random;
    UuidGenerator generator(random);
    std::string last;
    for (int i = 0; i < 20'000; ++i) {
        const std::int64_t now = i < 10'000 ? 1'000'000 : 1'000'000 - i;
        const std::string next = generator.next(now).text();
        ASSERT_LT(last, next);
        last = next;
    }
}

TEST(RandomToken, HasTheAlphabetAndLength) {
    CountingRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string token = random_token(random, 24);
        EXPECT_EQ(token.size(), 24u);
        EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
                  std::string::npos);
        EXPECT_TRUE(seen.insert(token).second);
    }
}

}  // namespace
}  // namespace pulsekit
