#include "outbound/providers/mapping.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "crypto/hash.hpp"
#include "model/text.hpp"

namespace collector::outbound {
namespace {

using http::Json;
using model::Event;

struct Renamed {
    std::string_view from;
    std::string_view to;
};
/// Properties that clients send under dotted names.
constexpr Renamed kRenamed[] = {
    {"ui.component.name", "component_name"},
    {"ui.component.path", "component_path"},
    {"ui.component.type", "component_type"},
    {"ui.action", "action"},
    {"ui.element", "element"},
    {"ui.element.text", "element_text"},
    {"ui.state.key", "state_key"},
    {"ui.state.before", "state_before"},
    {"ui.state.after", "state_after"},
    {"gen_ai.journey.id", "journey_id"},
    {"gen_ai.journey.step.id", "journey_step_id"},
    {"gen_ai.journey.step.name", "journey_step_name"},
    {"api.method", "api_method"},
    {"api.path", "api_path"},
    {"api.status_code", "api_status_code"},
    {"api.duration_ms", "api_duration_ms"},
};

struct Text {
    std::string_view name;
    std::string Event::*text;
};
constexpr Text kPage[] = {{"page_path", &Event::path},
                          {"page_title", &Event::title},
                          {"page_url", &Event::url},
                          {"page_referrer", &Event::referrer}};
constexpr Text kError[] = {
    {"error_type", &Event::error_type}, {"error_message", &Event::error_message}, {"error_stack", &Event::error_stack}};

/// Neither Amplitude nor Mixpanel takes these as an id.
constexpr std::string_view kPlaceholders[] = {
    "",      "anon", "anonymous", "nil",       "none",
    "null",  "n/a",  "na",        "undefined", "unknown",
    "<nil>", "0",    "-1",        "true",      "false",
    "[]",    "{}",   "\"\"",      "lmy47d",    "00000000-0000-0000-0000-000000000000"};

Json limited(const Json& value, const Limits& limits, int depth) {
    const auto text = [&](std::string_view whole) { return Json(std::string(whole.substr(0, limits.cut(whole)))); };
    if (value.is_string()) return text(value.get_ref<const std::string&>());
    if (!value.is_structured()) return value;
    if (depth == 0) return text(http::to_text(value));
    Json made = value.is_array() ? Json::array() : Json::object();
    const std::size_t most = value.is_array() ? limits.elements : limits.members;
    for (auto it = value.begin(); it != value.end() && made.size() < most; ++it) {
        if (value.is_array()) {
            made.push_back(limited(*it, limits, depth - 1));
        } else {
            made[std::string(text(it.key()).get_ref<const std::string&>())] = limited(*it, limits, depth - 1);
        }
    }
    return made;
}

const Renamed* renamed(std::string_view name) {
    const auto found = std::find_if(std::begin(kRenamed), std::end(kRenamed),
                                    [&](const Renamed& entry) { return entry.from == name; });
    return found == std::end(kRenamed) ? nullptr : found;
}

/// `performance.lcp_ms`, as clients send it.
std::string vital_name(std::string_view vital) {
    return "performance." + model::lower(vital) + (vital == "CLS" ? "" : "_ms");
}

}  // namespace

std::size_t cut_bytes(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text.size();
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return most;
}

std::size_t cut_characters(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text.size();
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0) == 0x80) continue;
        characters += byte >= 0xF0 ? 2 : 1;
        if (characters > most) return i;
    }
    return text.size();
}

void add_properties(Json& properties, const Event& event, const Limits& limits, std::size_t room) {
    const auto props = http::parse_json(event.props).value_or(Json::object());
    const auto add = [&](std::string_view name, const Json& value) {
        std::string key(name.substr(0, limits.cut(name)));
        if (properties.size() < room && !properties.contains(key)) {
            properties[std::move(key)] = limited(value, limits, limits.depth);
        }
    };
    const auto add_texts = [&](const auto& texts) {
        for (const auto& [name, text] : texts) {
            if (!(event.*text).empty()) add(name, Json(event.*text));
        }
    };
    add_texts(kPage);
    for (const auto& [from, to] : kRenamed) {
        if (const auto found = props.find(std::string(from)); found != props.end()) add(to, *found);
    }
    add_texts(kError);
    if (event.duration_ms) add("duration_ms", *event.duration_ms);
    for (const auto& [vital, value] : event.vitals) {
        if (!props.contains(vital)) add(vital_name(vital), value);
    }
    for (const auto& [name, value] : props.items()) {
        if (!renamed(name)) add(name, value);
    }
}

bool is_placeholder(std::string_view id) {
    return std::find(std::begin(kPlaceholders), std::end(kPlaceholders), model::lower(id)) != std::end(kPlaceholders);
}

std::string bounded_id(const std::string& id, std::size_t max_bytes) {
    return id.size() > max_bytes ? crypto::hex(crypto::sha256(id)) : id;
}

std::string fitting_id(const std::string& id, std::size_t max_bytes) {
    return is_placeholder(id) ? "id:" + id : bounded_id(id, max_bytes);
}

Verdict judge_status(const Posted& answer, const Json& json) {
    using Kind = Verdict::Kind;
    Verdict verdict{.kind = Kind::later, .error = "HTTP " + std::to_string(answer.status)};
    if (const auto error = json.find("error"); error != json.end() && error->is_string()) {
        const auto& text = error->get_ref<const std::string&>();
        if (!text.empty()) verdict.error += ": " + text.substr(0, cut_bytes(text, 200));
    }
    // Who asks, where and how, that all events have in common: none of them is to blame.
    constexpr std::array kOfTheSender = {401, 402, 404, 405, 406, 407, 408, 409, 410, 415, 421, 423, 425, 426, 451};
    if (answer.status == 429) verdict.kind = Kind::too_fast;
    if (answer.status == 413) verdict.kind = Kind::too_large;
    if (answer.status == 403) verdict.kind = Kind::forbidden;
    if (answer.status >= 400 && answer.status < 500 && verdict.kind == Kind::later &&
        std::find(kOfTheSender.begin(), kOfTheSender.end(), answer.status) == kOfTheSender.end()) {
        verdict.kind = Kind::refused;
    }
    return verdict;
}

Json json_of(const Posted& answer) { return http::parse_json(answer.body).value_or(Json()); }

void add_indexes(const Json& array, std::size_t events, std::vector<std::size_t>& bad) {
    if (!array.is_array()) return;
    for (const auto& element : array) {
        if (element.is_number_unsigned() && element.get<std::size_t>() < events) {
            bad.push_back(element.get<std::size_t>());
        }
    }
    std::sort(bad.begin(), bad.end());
    bad.erase(std::unique(bad.begin(), bad.end()), bad.end());
}

}  // namespace collector::outbound
