// JSON off the hot path. The only place that decides how it is parsed and printed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace collector::http {

using Json = nlohmann::ordered_json;

/// Nothing unless `text` is one whole JSON value in valid UTF-8, nested at most 64 deep. Never throws.
std::optional<Json> parse_json(std::string_view text);

/// Compact; invalid UTF-8 becomes U+FFFD. Never throws.
std::string to_text(const Json& json);

}  // namespace collector::http
