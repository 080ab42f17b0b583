// Two proportions compared: how far apart they are, how sure that is, and whether chance alone explains it.
#pragma once

#include <cstdint>
#include <optional>

namespace collector::query {

/// `count` of `of`; neither is negative, and `count` is not the greater.
struct Proportion {
    std::int64_t count = 0;
    std::int64_t of = 0;
};

struct Interval {
    double low = 0;
    double high = 0;
};

/// The first less the second, from -1 to 1; nothing where either is of nothing.
std::optional<double> difference(const Proportion& first, const Proportion& second);

/// Of that difference, at 95%: the hybrid score interval, method 10 of R. G. Newcombe, "Interval estimation for the
/// difference between independent proportions", Statistics in Medicine 17 (1998). Nothing where either is of nothing.
std::optional<Interval> interval_of_difference(const Proportion& first, const Proportion& second);

/// That proportions which do not differ are so far apart or farther: of the two-sided z-test with the pooled
/// proportion, which is Pearson's chi-square test without correction for continuity. Nothing where either is of
/// nothing, or where all or none are counted in both.
std::optional<double> p_value(const Proportion& first, const Proportion& second);

}  // namespace collector::query
