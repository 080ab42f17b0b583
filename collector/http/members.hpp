// A request's JSON object, its members and its parameters, and the answers to those who got them wrong: the analytics
// dialect's and the administration's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <pulsekit/result.hpp>

#include "http/json.hpp"
#include "http/message.hpp"

namespace collector::http {

inline constexpr std::size_t kMaxNameLength = 255;

/// The request's JSON object, or the refusal.
std::variant<Json, Response> object_of(Request& request);

/// Null when the member is absent or null.
const Json* member_of(const Json& object, std::string_view name);

/// The text of a required member, or the refusal. `called` is what the refusal calls it, when that is not its name.
std::variant<std::string, Response> required_text(const Json& object, std::string_view name,
                                                  std::size_t max_length = kMaxNameLength,
                                                  std::string_view called = {});

/// Likewise of an optional one; empty is absent.
std::variant<std::string, Response> optional_text(const Json& object, std::string_view name,
                                                  std::size_t max_length = kMaxNameLength,
                                                  std::string_view called = {});

/// The decimal integer that the text is, or nothing.
std::optional<std::int64_t> integer_of(std::string_view text);

/// The parameter `limit`, at most `most`; `otherwise` without one; or the refusal.
std::variant<std::int64_t, Response> limit_of(const Request& request, std::int64_t otherwise, std::int64_t most);

/// Of a parameter of the query.
Response bad_value(std::string_view name, std::string_view reason);
Response invalid_field(std::string_view name, std::string_view rule);
Response missing_field(std::string_view name);
Response not_found(std::string_view what, std::string_view id);

/// For an error that is not the client's.
Response failed(const pulsekit::Error& error);

}  // namespace collector::http
