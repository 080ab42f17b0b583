// Against tables that others published.
#include "query/proportions.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace collector::query {
namespace {

/// As Newcombe (1998), Table II, tells of method 10 in four decimals.
struct Published {
    Proportion first;
    Proportion second;
    double low;
    double high;
};
constexpr Published kNewcombe[] = {
    {{56, 70}, {48, 80}, 0.0524, 0.3339}, {{9, 10}, {3, 10}, 0.1705, 0.8090},  {{6, 7}, {2, 7}, 0.0582, 0.8062},
    {{5, 56}, {0, 29}, -0.0381, 0.1926},  {{0, 10}, {0, 20}, -0.1611, 0.2775}, {{0, 10}, {0, 10}, -0.2775, 0.2775},
    {{10, 10}, {0, 20}, 0.6791, 1.0000},  {{10, 10}, {0, 10}, 0.6075, 1.0000},
};

TEST(Proportions, IntervalsAreAsPublished) {
    for (const auto& [first, second, low, high] : kNewcombe) {
        const auto interval = interval_of_difference(first, second);
        ASSERT_TRUE(interval);
        EXPECT_NEAR(interval->low, low, 0.00005) << first.count << '/' << first.of;
        EXPECT_NEAR(interval->high, high, 0.00005) << first.count << '/' << first.of;
        EXPECT_LE(interval->high, 1) << "no difference is greater";
        const auto other_way = interval_of_difference(second, first);
        EXPECT_DOUBLE_EQ(other_way->low, -interval->high);
        EXPECT_DOUBLE_EQ(other_way->high, -interval->low);
    }
}

/// The chi-square of the four counts, and what lies beyond it in a distribution of one degree of freedom.
struct Tested {
    Proportion first;
    Proportion second;
    double p;
};
constexpr Tested kChiSquare[] = {
    {{56, 70}, {48, 80}, 0.008045081368},      // 7.0234
    {{9, 10}, {3, 10}, 0.006169899321},        // 7.5
    {{10, 10}, {0, 10}, 0.000007744216431},    // 20
    {{43, 52}, {44, 48}, 0.182467065261},      // 1.7774
    {{41, 1067}, {34, 1102}, 0.334549667907},  // 0.9312
    {{10, 20}, {10, 20}, 1},                   // 0
};

TEST(Proportions, TheTestIsPearsonsChiSquare) {
    for (const auto& [first, second, p] : kChiSquare) {
        ASSERT_TRUE(p_value(first, second));
        EXPECT_NEAR(*p_value(first, second), p, 1e-11) << first.count << '/' << first.of;
        EXPECT_DOUBLE_EQ(*p_value(second, first), *p_value(first, second));
    }
    // The quantiles that every table has: 3.841459 leaves 5%, 6.634897 leaves 1%.
    EXPECT_GT(*p_value({60, 100}, {46, 100}), 0.01);  // 3.9344
    EXPECT_LT(*p_value({60, 100}, {46, 100}), 0.05);
    EXPECT_GT(*p_value({60, 100}, {47, 100}), 0.05);  // 3.3968
}

TEST(Proportions, DifferencesHaveASign) {
    EXPECT_DOUBLE_EQ(*difference({56, 70}, {48, 80}), 0.2);
    EXPECT_DOUBLE_EQ(*difference({48, 80}, {56, 70}), -0.2);
    EXPECT_DOUBLE_EQ(*difference({0, 5}, {5, 5}), -1);
}

TEST(Proportions, OfNothingNothingIsSaid) {
    const std::pair<Proportion, Proportion> pairs[] = {{{0, 0}, {1, 2}}, {{1, 2}, {0, 0}}, {{0, 0}, {0, 0}}};
    for (const auto& [first, second] : pairs) {
        EXPECT_FALSE(difference(first, second));
        EXPECT_FALSE(interval_of_difference(first, second));
        EXPECT_FALSE(p_value(first, second));
    }
}

TEST(Proportions, NoTestWhereAllAreAlike) {
    EXPECT_FALSE(p_value({0, 10}, {0, 20}));
    EXPECT_FALSE(p_value({10, 10}, {20, 20}));
    EXPECT_TRUE(interval_of_difference({10, 10}, {20, 20}));
    EXPECT_EQ(*difference({10, 10}, {20, 20}), 0);
}

TEST(Proportions, LargeOnesToo) {
    EXPECT_NEAR(*difference({4'000'000'000, 8'000'000'000}, {3'999'000'000, 8'000'000'000}), 0.000125, 1e-12);
    EXPECT_EQ(*p_value({4'000'000'000, 8'000'000'000}, {3'000'000'000, 8'000'000'000}), 0);
}

}  // namespace
}  // namespace collector::query
