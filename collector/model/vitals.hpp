// The five web vitals and what is good of each (web.dev, Core Web Vitals).
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

namespace collector::model {

struct Vital {
    std::string_view name;
    double good;               ///< up to here, ms; CLS has no unit
    double needs_improvement;  ///< up to here; above it is poor
};

inline constexpr Vital kVitals[] = {
    {"LCP", 2500, 4000}, {"FCP", 1800, 3000}, {"CLS", 0.1, 0.25}, {"INP", 200, 500}, {"TTFB", 800, 1800}};

/// Null when there is none of that name.
constexpr const Vital* vital_named(std::string_view name) {
    const auto* found = std::find_if(std::begin(kVitals), std::end(kVitals), [&](auto& v) { return v.name == name; });
    return found == std::end(kVitals) ? nullptr : found;
}

constexpr std::string_view rating_of(const Vital& vital, double value) {
    if (value <= vital.good) return "good";
    return value <= vital.needs_improvement ? "needs-improvement" : "poor";
}

}  // namespace collector::model
