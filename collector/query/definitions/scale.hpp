// The scale on which a question of a survey is answered with a number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "http/json.hpp"

namespace collector::query {

struct Scale {
    std::int64_t min = 0;
    std::int64_t max = 10;
};

inline constexpr std::int64_t kMaxSteps = 100;  ///< from the least to the largest

/// Of a question of a survey. Nothing: it is no question of type `rating`, or its `min` and `max` make no scale.
std::optional<Scale> scale_of(const http::Json& question);

/// The names of the buckets that answers are counted in: those of the net promoter score for 0 to 10, else one an
/// integer.
std::vector<std::string> buckets_of(const Scale& scale);
/// Which of them an answer on the scale belongs to; what lies between two integers to the lower one's.
std::size_t bucket_of(const Scale& scale, double answer);

}  // namespace collector::query
