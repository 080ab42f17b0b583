// Values of an answer as what the question made them.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <variant>

#include "http/json.hpp"
#include "model/measure.hpp"

namespace collector::query {

/// A count, or a sum of integers. Anything else is 0.
inline std::int64_t integer(const model::Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number ? *number : 0;
}

/// A number of either kind. Anything else is 0.
inline double real(const model::Value& value) {
    const auto* number = std::get_if<double>(&value);
    return number ? *number : static_cast<double>(integer(value));
}

/// A text; absent is empty.
inline std::string text(const model::Value& value) {
    const auto* found = std::get_if<std::string>(&value);
    return found ? *found : std::string();
}

inline bool is_null(const model::Value& value) { return std::holds_alternative<std::monostate>(value); }

/// A whole number as one.
inline http::Json number(double value) {
    constexpr double kExact = 9'007'199'254'740'992;  // below it a double tells every integer from its neighbours
    if (std::abs(value) < kExact && std::trunc(value) == value) return static_cast<std::int64_t>(value);
    return value;
}

/// As it is; absent is null.
inline http::Json json(const model::Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    if (const auto* found = std::get_if<std::string>(&value)) return *found;
    return nullptr;
}

}  // namespace collector::query
