// A request's JSON object and its members, and the answers to those who got them wrong: the analytics dialect's and the
// administration's.
#pragma once

#include <cstddef>
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

Response invalid_field(std::string_view name, std::string_view rule);
Response missing_field(std::string_view name);
Response not_found(std::string_view what, std::string_view id);

/// For an error that is not the client's.
Response failed(const pulsekit::Error& error);

}  // namespace collector::http
