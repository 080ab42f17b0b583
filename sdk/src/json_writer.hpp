// JSON as the wires send it: compact, valid UTF-8 whatever the application gave.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <pulsekit/properties.hpp>

namespace pulsekit::json {

/// Appends `text` in quotes; bytes that are not UTF-8 become U+FFFD, so that one bad text cannot make the collector
/// refuse a whole batch.
void append_string(std::string& out, std::string_view text);

/// Appends a number, text, bool or null. Doubles with the fewest digits that read back the same, infinities and NaN as
/// null.
void append_value(std::string& out, const Value& value);

void append_integer(std::string& out, std::int64_t value);

}  // namespace pulsekit::json
