// Ratios and reals as the reports print them.
#pragma once

#include <cmath>
#include <cstdint>

namespace collector::query {

/// numerator / denominator with so many decimals, half away from zero; 0 when the denominator is. Neither is negative.
/// The rounding is done on integers: 6.25 is 6.3, whatever a double would have made of it on the way.
constexpr double ratio(std::int64_t numerator, std::int64_t denominator, int decimals) {
    if (denominator == 0) return 0;
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i) scale *= 10;
    const std::int64_t whole = numerator / denominator;
    if (whole > INT64_MAX / scale - 1 || denominator > INT64_MAX / (4 * scale)) {  // not to be had in integers
        return static_cast<double>(numerator) / static_cast<double>(denominator);
    }
    const std::int64_t rest = numerator % denominator;
    const std::int64_t fraction = (2 * rest * scale + denominator) / (2 * denominator);
    return static_cast<double>(whole * scale + fraction) / static_cast<double>(scale);
}

/// sum / count of reals, likewise. Their millionths are what is rounded: a sum of decimals is one, give or take what
/// doubles make of it.
inline double mean(double sum, std::int64_t count, int decimals) {
    constexpr std::int64_t kMillion = 1'000'000;
    constexpr double kLargest = 4e12;  // in millionths still an integer
    if (count == 0) return 0;
    if (!(std::abs(sum) < kLargest) || count > INT64_MAX / kMillion) return sum / static_cast<double>(count);
    const auto millionths = std::llround(sum * kMillion);
    const double size = ratio(std::abs(millionths), count * kMillion, decimals);
    return millionths < 0 && size > 0 ? -size : size;
}

/// A real with so many decimals, likewise.
inline double rounded(double value, int decimals) { return mean(value, 1, decimals); }

}  // namespace collector::query
