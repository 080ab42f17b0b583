// Ratios as the reports print them.
#pragma once

#include <cstdint>

namespace collector::query {

/// numerator / denominator with so many decimals, half away from zero; 0 when the denominator is. Neither is negative.
/// The rounding is done on integers: 6.25 is 6.3, whatever a double would have made of it on the way.
constexpr double ratio(std::int64_t numerator, std::int64_t denominator, int decimals) {
    if (denominator == 0) return 0;
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i) scale *= 10;
    const std::int64_t whole = numerator / denominator;
    const std::int64_t rest = numerator % denominator;
    const std::int64_t fraction = (2 * rest * scale + denominator) / (2 * denominator);
    return static_cast<double>(whole * scale + fraction) / static_cast<double>(scale);
}

}  // namespace collector::query
