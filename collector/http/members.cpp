#include "http/members.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/body.hpp"
#include "http/route.hpp"
#include "model/text.hpp"

namespace collector::http {

std::variant<Json, Response> object_of(Request& request) {
    auto body = take_body(request);
    if (const auto* problem = std::get_if<BodyProblem>(&body)) {
        switch (*problem) {
            case BodyProblem::encoding: return plain_error(415, "Unsupported content encoding.");
            case BodyProblem::damaged: return plain_error(400, "Invalid request body: malformed gzip.");
            case BodyProblem::too_large: return plain_envelope(413);
        }
    }
    auto json = parse_json(std::get<std::string>(body));
    if (!json) return plain_error(400, "Invalid request body: malformed JSON.");
    if (!json->is_object()) return plain_error(400, "Invalid request body: expected a JSON object.");
    return *std::move(json);
}

const Json* member_of(const Json& object, std::string_view name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::variant<std::string, Response> required_text(const Json& object, std::string_view name, std::size_t max_length,
                                                  std::string_view called) {
    auto text = optional_text(object, name, max_length, called);
    if (const auto* found = std::get_if<std::string>(&text); found && found->empty()) {
        return missing_field(called.empty() ? name : called);
    }
    return text;
}

std::variant<std::string, Response> optional_text(const Json& object, std::string_view name, std::size_t max_length,
                                                  std::string_view called) {
    if (called.empty()) called = name;
    const auto* found = member_of(object, name);
    if (!found) return std::string();
    const auto* text = found->get_ptr<const std::string*>();
    if (!text) return invalid_field(called, "a string");
    if (model::code_points(*text) > max_length) {
        return invalid_field(called, "at most " + std::to_string(max_length) + " characters");
    }
    return *text;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::variant<std::int64_t, Response> limit_of(const Request& request, std::int64_t otherwise, std::int64_t most) {
    const auto text = request.parameter("limit");
    if (!text) return otherwise;
    const auto limit = integer_of(*text);
    if (!limit || *limit < 1) return bad_value("limit", "must be an integer of at least 1");
    return std::min(*limit, most);
}

Response bad_value(std::string_view name, std::string_view reason) {
    return plain_error(400, "Invalid value for '" + std::string(name) + "': " + std::string(reason) + ".");
}

Response invalid_field(std::string_view name, std::string_view rule) {
    return plain_error(400,
                       "Invalid request body: field '" + std::string(name) + "' must be " + std::string(rule) + ".");
}

Response missing_field(std::string_view name) {
    return plain_error(400, "Invalid request body: missing required field '" + std::string(name) + "'.");
}

Response not_found(std::string_view what, std::string_view id) {
    return plain_error(404, std::string(what) + " '" + std::string(id) + "' not found.");
}

Response failed(const pulsekit::Error& error) {
    if (error.code != pulsekit::ErrorCode::unavailable && error.code != pulsekit::ErrorCode::conflict) {
        return plain_envelope(500);
    }
    auto response = plain_envelope(503);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace collector::http
