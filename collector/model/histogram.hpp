// How often a measured value fell below each of some bounds.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace collector::model {

/// Any thread may observe and read; each count is exact, but they are not taken at one instant.
template <std::size_t Bounds>
class Histogram {
public:
    /// Ascending.
    explicit constexpr Histogram(const std::array<double, Bounds>& bounds) : bounds_(bounds) {}

    void observe(double value) noexcept {
        const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);  // its own bound holds a value
        counts_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
        sum_.fetch_add(value, std::memory_order_relaxed);
    }

    const std::array<double, Bounds>& bounds() const noexcept { return bounds_; }
    double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

    /// Of each bound by itself, not of those below it; the last count is of what lies above all.
    std::array<std::uint64_t, Bounds + 1> counts() const noexcept {
        std::array<std::uint64_t, Bounds + 1> now{};
        std::transform(counts_.begin(), counts_.end(), now.begin(),
                       [](const auto& count) { return count.load(std::memory_order_relaxed); });
        return now;
    }

private:
    const std::array<double, Bounds> bounds_;
    std::array<std::atomic<std::uint64_t>, Bounds + 1> counts_{};
    std::atomic<double> sum_ = 0;
};

}  // namespace collector::model
