// Amplitude, HTTP V2 API: https://amplitude.com/docs/apis/analytics/http-v2
#include <cstdint>

#include "crypto/hash.hpp"
#include "model/text.hpp"
#include "outbound/providers/mapping.hpp"

namespace collector::outbound {
namespace {

using http::Json;
using model::Event;
using Kind = Verdict::Kind;

constexpr std::size_t kMaxCharacters = 1024;  // of any text

constexpr Limits kLimits{.cut = [](std::string_view text) { return cut_characters(text, kMaxCharacters); },
                         .depth = 40};

std::string name_of(const Event& event) {
    if (event.name != event.source_type) return event.name;
    const std::string type = model::lower(event.source_type);
    if (type == "page.view") return "Page View";
    if (type.starts_with("ui.")) return "User Action";
    if (type == "state.change") return "State Change";
    if (type == "journey.step") return "Journey Event";
    if (type == "error") return "Error Event";
    if (type == "performance") return "Performance";
    return event.source_type;
}

/// It wants a number: the same one for the same session, exact as a double too.
std::int64_t session_number(std::string_view session) {
    const auto digest = crypto::sha256(session);
    std::uint64_t bits = 0;
    for (int i = 0; i < 7; ++i) bits = bits << 8 | digest[static_cast<std::size_t>(i)];
    return static_cast<std::int64_t>(bits >> 3);
}

std::string event_json(const Event& event, std::string_view) {
    const std::string name = name_of(event);
    Json json = {{"event_type", name.substr(0, kLimits.cut(name))}};
    if (!is_placeholder(event.user_id)) json["user_id"] = fitting_id(event.user_id, kMaxCharacters);
    json["device_id"] = fitting_id(event.session_id, kMaxCharacters);
    json["session_id"] = session_number(event.session_id);
    json["time"] = event.ts_ms;
    json["insert_id"] = bounded_id(event.event_id, kMaxCharacters);
    Json properties = Json::object();
    add_properties(properties, event, kLimits, kLimits.members);
    json["event_properties"] = std::move(properties);
    return http::to_text(json);
}

/// Ids that are shorter than five characters would be left out, if it were not told otherwise.
std::string body(std::span<const std::string> events, std::string_view key) {
    std::string text = R"({"api_key":)" + http::to_text(std::string(key)) + R"(,"events":[)";
    for (const auto& event : events) {
        text += event;
        text += ',';
    }
    text.back() = ']';
    return text + R"(,"options":{"min_id_length":1}})";
}

/// Of each field it names the first event alone, so there may be others yet.
std::vector<std::size_t> bad_events(const Json& json, std::size_t events) {
    std::vector<std::size_t> bad;
    for (const auto* member :
         {"events_with_invalid_fields", "events_with_missing_fields", "events_with_invalid_id_lengths"}) {
        const auto fields = json.find(member);
        if (fields == json.end() || !fields->is_object()) continue;
        for (const auto& indexes : *fields) add_indexes(indexes, events, bad);
    }
    if (const auto silenced = json.find("silenced_events"); silenced != json.end()) {
        add_indexes(*silenced, events, bad);
    }
    return bad;
}

Verdict judge(const Posted& answer, std::size_t events) {
    const Json json = json_of(answer);
    if (answer.status == 200) {
        if (json.is_object() && json.value("code", Json()) == 200) return {};
        return {.kind = Kind::later, .error = "HTTP 200, but not as Amplitude answers"};
    }
    Verdict verdict = judge_status(answer, json);
    if (verdict.kind != Kind::refused || !json.is_object()) return verdict;
    verdict.bad = bad_events(json, events);
    const std::string error = model::lower(verdict.error);
    const bool whole = error.find("api key") != std::string::npos || error.find("request path") != std::string::npos ||
                       json.value("missing_field", Json()) == "api_key";
    const auto throttled = json.find("throttled_events");
    if (whole) {
        verdict.kind = Kind::later;
        verdict.bad.clear();
    } else if (verdict.bad.empty() && throttled != json.end() && !throttled->empty()) {
        verdict.kind = Kind::too_fast;
    }
    return verdict;
}

}  // namespace

constinit const Provider kAmplitude = {.name = "amplitude",
                                       .title = "Amplitude",
                                       .url = "https://api2.amplitude.com/2/httpapi",
                                       .query = "",
                                       .key_setting = "AMPLITUDE_API_KEY",
                                       .max_events = 1000,
                                       .max_bytes = 900'000,
                                       .pause = std::chrono::seconds(30),
                                       .event = event_json,
                                       .body = body,
                                       .judge = judge};

}  // namespace collector::outbound
