// Values of an answer as what the question made them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "model/measure.hpp"

namespace collector::query {

/// A count, or a sum of integers. Anything else is 0.
inline std::int64_t integer(const model::Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number ? *number : 0;
}

/// A text; absent is empty.
inline std::string text(const model::Value& value) {
    const auto* found = std::get_if<std::string>(&value);
    return found ? *found : std::string();
}

}  // namespace collector::query
