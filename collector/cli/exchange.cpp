#include "cli/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "cli/table.hpp"
#include "http/json.hpp"

namespace collector::cli {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::HttpRequest;
using pulsekit::HttpResponse;
using pulsekit::Result;

// Erasing reads all rows twice: that takes as long as it takes.
constexpr std::chrono::minutes kPatience(60);

std::string encoded(const std::string& text) {
    constexpr const char* kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                              c == '_' || c == '.' || c == '~';
        if (is_plain) {
            out += c;
        } else {
            out += {'%', kDigits[byte / 16], kDigits[byte % 16]};
        }
    }
    return out;
}

http::Json list_of_texts(const std::string& text) {
    auto list = http::Json::array();
    for (std::size_t at = 0; at <= text.size();) {
        const auto comma = std::min(text.find(',', at), text.size());
        if (comma > at) list.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return list;
}

Result<http::Json> value_of(const Argument& argument, const std::string& text) {
    const auto called = argument.flag.empty() ? argument.value : argument.flag;
    switch (argument.type) {
        case Argument::Type::text: return http::Json(text);
        case Argument::Type::list: return list_of_texts(text);
        case Argument::Type::integer_or_forever:
            if (text == "forever") return http::Json(nullptr);
            break;
        case Argument::Type::integer: break;
    }
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed == std::errc() && end == text.data() + text.size()) return http::Json(number);
    return Error{ErrorCode::invalid, called + " must be a whole number" +
                                         (argument.type == Argument::Type::integer ? "" : " or 'forever'")};
}

}  // namespace

std::string filled(std::string text, const Invocation& invocation, std::string (*as)(const std::string& value)) {
    for (const auto& [name, value] : invocation.values) {
        const auto place = text.find("{" + name + "}");
        if (place != std::string::npos) text.replace(place, name.size() + 2, as(value));
    }
    return text;
}

Result<HttpRequest> request_of(const Command& command, const Invocation& invocation) {
    HttpRequest request{.method = command.method,
                        .url = invocation.url + filled(command.path, invocation, encoded),
                        .headers = {{"Authorization", "Bearer " + invocation.token}},
                        .body = {},
                        .timeout = kPatience,
                        .keep_waiting = {}};
    http::Json body;
    char separator = '?';
    for (const auto& argument : command.arguments) {
        if (argument.place == Argument::Place::body && body.is_null()) body = http::Json::object();
        const auto given = invocation.values.find(argument.name);
        if (given == invocation.values.end()) continue;
        const auto value = value_of(argument, given->second);
        if (!value) return value.error();
        if (argument.place == Argument::Place::body) body[argument.name] = *value;
        if (argument.place != Argument::Place::query) continue;
        request.url += std::exchange(separator, '&') + argument.name + "=" + encoded(given->second);
    }
    if (!body.is_null()) {
        request.body = http::to_text(body);
        request.headers.emplace_back("Content-Type", "application/json");
    }
    return request;
}

Result<HttpResponse> ask(pulsekit::curl::Session& session, const HttpRequest& request) {
    auto response = session.perform(request);
    if (!response) return response;
    if (response->status >= 200 && response->status < 300) return response;
    const auto answer = http::parse_json(response->body);
    const bool says_why = answer && answer->is_object() && answer->contains("error") && (*answer)["error"].is_string();
    const auto status = "the collector answered " + std::to_string(response->status);
    if (!says_why) return Error{ErrorCode::unavailable, status};
    return Error{ErrorCode::invalid, status + ": " + shown((*answer)["error"])};
}

}  // namespace collector::cli
