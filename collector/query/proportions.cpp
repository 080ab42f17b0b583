#include "query/proportions.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace collector::query {
namespace {

constexpr double kZ = 1.959963984540054;  // 2.5% of a normal distribution lie beyond it

double part(const Proportion& one) { return static_cast<double>(one.count) / static_cast<double>(one.of); }

/// Wilson's score interval of one proportion.
Interval score_interval(const Proportion& one) {
    const auto size = static_cast<double>(one.of);
    const double p = part(one);
    const double middle = p + kZ * kZ / (2 * size);
    const double reach = kZ * std::sqrt(p * (1 - p) / size + kZ * kZ / (4 * size * size));
    const double scale = 1 + kZ * kZ / size;
    // It ends where the proportion is when that is 0 or 1, but for what doubles make of it.
    return {one.count == 0 ? 0 : std::max(0.0, (middle - reach) / scale),
            one.count == one.of ? 1 : std::min(1.0, (middle + reach) / scale)};
}

bool is_of_nothing(const Proportion& first, const Proportion& second) { return first.of == 0 || second.of == 0; }

}  // namespace

std::optional<double> difference(const Proportion& first, const Proportion& second) {
    if (is_of_nothing(first, second)) return std::nullopt;
    return part(first) - part(second);
}

std::optional<Interval> interval_of_difference(const Proportion& first, const Proportion& second) {
    if (is_of_nothing(first, second)) return std::nullopt;
    const auto of_first = score_interval(first);
    const auto of_second = score_interval(second);
    const double apart = part(first) - part(second);
    return Interval{apart - std::hypot(part(first) - of_first.low, of_second.high - part(second)),
                    apart + std::hypot(of_first.high - part(first), part(second) - of_second.low)};
}

std::optional<double> p_value(const Proportion& first, const Proportion& second) {
    if (is_of_nothing(first, second)) return std::nullopt;
    const auto all = static_cast<double>(first.of) + static_cast<double>(second.of);
    const double pooled = (static_cast<double>(first.count) + static_cast<double>(second.count)) / all;
    if (pooled <= 0 || pooled >= 1) return std::nullopt;
    const double deviation =
        std::sqrt(pooled * (1 - pooled) * (1 / static_cast<double>(first.of) + 1 / static_cast<double>(second.of)));
    return std::erfc(std::abs(part(first) - part(second)) / deviation / std::numbers::sqrt2);
}

}  // namespace collector::query
