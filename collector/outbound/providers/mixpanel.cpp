// Mixpanel, Track Events: https://docs.mixpanel.com/reference/track-event
#include <algorithm>
#include <cstdint>

#include "crypto/hash.hpp"
#include "model/text.hpp"
#include "outbound/providers/mapping.hpp"

namespace collector::outbound {
namespace {

using http::Json;
using model::Event;
using Kind = Verdict::Kind;

constexpr std::size_t kMaxTextBytes = 255;
constexpr std::size_t kMaxInsertIdBytes = 36;
constexpr std::int64_t kHourMs = 3'600'000;

constexpr Limits kLimits{.cut = [](std::string_view text) { return cut_bytes(text, kMaxTextBytes); },
                         .members = 254,
                         .elements = 254,
                         .depth = 3};

std::string name_of(const Event& event) {
    return event.name == event.source_type && model::lower(event.name) == "page.view" ? "Page View" : event.name;
}

/// What it cannot take as an insert id, its hash stands for.
std::string insert_id(const std::string& id) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (id.size() <= kMaxInsertIdBytes && std::all_of(id.begin(), id.end(), allowed) && !is_placeholder(id)) return id;
    return crypto::hex(crypto::sha256(id), kMaxInsertIdBytes / 2);
}

/// It refuses what is yet to come by more than an hour: then the client's clock is wrong, and ours is right. The same
/// at each try, for it tells repeats by the time as well.
std::int64_t seconds(const Event& event) {
    return (event.ts_ms > event.received_ms + kHourMs ? event.received_ms : event.ts_ms) / 1000;
}

std::string event_json(const Event& event, std::string_view key) {
    const std::string name = name_of(event);
    const auto& who = is_placeholder(event.user_id) ? event.session_id : event.user_id;
    Json properties = {{"token", std::string(key)},
                       {"distinct_id", fitting_id(who, kMaxTextBytes)},
                       {"time", seconds(event)},
                       {"$insert_id", insert_id(event.event_id)},
                       {"session_id", bounded_id(event.session_id, kMaxTextBytes)}};
    add_properties(properties, event, kLimits, kLimits.members);
    return http::to_text({{"event", name.substr(0, kLimits.cut(name))}, {"properties", std::move(properties)}});
}

std::string body(std::span<const std::string> events, std::string_view) {
    std::string text = "[";
    for (const auto& event : events) {
        text += event;
        text += ',';
    }
    text.back() = ']';
    return text;
}

Verdict judge(const Posted& answer, std::size_t events) {
    const Json json = json_of(answer);
    Verdict verdict = judge_status(answer, json);
    if (answer.status == 200) {
        const auto status = json.is_object() ? json.value("status", Json()) : json;
        if (status == 1) return {};
        if (status != 0) return {.kind = Kind::later, .error = "HTTP 200, but not as Mixpanel answers"};
        verdict.kind = Kind::refused;
    }
    if (verdict.kind != Kind::refused || !json.is_object()) return verdict;
    const std::string error = model::lower(verdict.error);
    if (error.find(": token") != std::string::npos || error.find(": invalid token") != std::string::npos) {
        verdict.kind = Kind::later;
        return verdict;
    }
    Json indexes = Json::array();
    if (const auto failed = json.find("failed_records"); failed != json.end() && failed->is_array()) {
        for (const auto& record : *failed) {
            if (record.is_object()) indexes.push_back(record.value("index", Json()));
        }
    }
    add_indexes(indexes, events, verdict.bad);
    return verdict;
}

}  // namespace

constinit const Provider kMixpanel = {.name = "mixpanel",
                                      .title = "Mixpanel",
                                      .url = "https://api.mixpanel.com/track",
                                      .query = "verbose=1&ip=0",
                                      .key_setting = "MIXPANEL_TOKEN",
                                      .max_events = 1000,
                                      .max_bytes = 1'900'000,
                                      .max_age = std::chrono::hours(5 * 24),
                                      .event = event_json,
                                      .body = body,
                                      .judge = judge};

}  // namespace collector::outbound
