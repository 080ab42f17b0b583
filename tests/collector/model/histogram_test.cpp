#include "model/histogram.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace collector::model {
namespace {

TEST(Histogram, CountsAValueAtItsBoundBelowIt) {
    Histogram<3> histogram({1, 2, 5});
    for (const double value : {0.0, 1.0, 1.5, 2.0, 5.0, 5.5, 1000.0}) histogram.observe(value);
    EXPECT_EQ(histogram.counts(), (std::array<std::uint64_t, 4>{2, 2, 1, 2}));
    EXPECT_EQ(histogram.sum(), 1015.0);
}

TEST(Histogram, LosesNothingOfManyThreads) {
    Histogram<1> histogram({10});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1000; ++i) histogram.observe(i % 2 == 0 ? 1 : 20);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(histogram.counts(), (std::array<std::uint64_t, 2>{2000, 2000}));
    EXPECT_EQ(histogram.sum(), 42'000.0);
}

}  // namespace
}  // namespace collector::model
