// One line of input: an event as JSON.
#pragma once

#include <string>
#include <string_view>

#include <pulsekit/properties.hpp>
#include <pulsekit/result.hpp>

namespace pulsekit::send {

struct Line {
    std::string name;
    Properties properties;
};

/// Reads `{"name": "...", "properties": {...}}`; other members are skipped. The error's message says what is wrong and,
/// where the text is not JSON, at which byte. An integer that 64 bits cannot hold becomes a double.
Result<Line> parse_line(std::string_view text);

}  // namespace pulsekit::send
