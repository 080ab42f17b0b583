// The gateway: POST /api/v1/pulse/events and /events/batch; a batch is taken whole or not at all (docs/protocol.md).
#include <algorithm>

#include "http/json.hpp"
#include "ingest/dialect.hpp"
#include "ingest/fields.hpp"
#include "ingest/json.hpp"
#include "model/text.hpp"
#include "support/time_text.hpp"

namespace collector::ingest {
namespace {

using model::Event;

constexpr std::size_t kMaxEvents = 1000;
constexpr std::size_t kMaxPropertiesBytes = 102'400;

struct Field {
    std::string_view name;
    std::size_t max_length = 0;
    std::string Event::*into = nullptr;  ///< null: not a text that is kept as it is
};

constexpr Field kFields[] = {{"name", 255, &Event::name},           {"properties"},
                             {"userId", 255, &Event::user_id},      {"sessionId", 255, &Event::session_id},
                             {"deviceId", 255, &Event::visitor_id}, {"timestamp"},
                             {"id", 64, &Event::event_id}};

constexpr std::size_t kKnown = std::size(kFields);
constexpr NameTable<kKnown> kNames(kFields);
constexpr std::size_t kName = kNames.find("name");
constexpr std::size_t kProperties = kNames.find("properties");
constexpr std::size_t kTimestamp = kNames.find("timestamp");

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string compact(const Value& value) {
    std::string text;
    append(text, value);
    return text;
}

/// The first rule that the event breaks; empty when there is none.
std::string broken_rule(const Known<kKnown>& known) {
    const auto name = known[kName] ? text_of(*known[kName]) : std::nullopt;
    if (!name || is_blank(*name)) return "Event name is required";
    for (std::size_t i = 0; i < kKnown; ++i) {
        const Value* value = known[i];
        if (!value) continue;
        const std::string field(kFields[i].name);
        if (i == kProperties) {
            if (!value->is_object()) return "properties must be an object";
            if (compact_size_at_most(*value) > kMaxPropertiesBytes && compact(*value).size() > kMaxPropertiesBytes) {
                return "properties must be at most 100 KB";
            }
            continue;
        }
        const auto text = text_of(*value);
        if (i == kTimestamp) {
            if (text && text->empty()) continue;
            if (!text || !pulsekit::parse_date_time(*text)) return "timestamp must be a valid ISO 8601 datetime";
            continue;
        }
        if (!text) return field + " must be a string";
        if (model::code_points(*text) > kFields[i].max_length) {
            return field + " must be at most " + std::to_string(kFields[i].max_length) + " characters";
        }
    }
    return {};
}

void read_event(const Members& members, const Known<kKnown>& known, std::int64_t now_ms, Event& event) {
    event.dialect = model::DialectId::gateway;
    for (std::size_t i = 0; i < kKnown; ++i) {
        if (known[i] && kFields[i].into) event.*kFields[i].into = text_of(*known[i]).value_or("");
    }
    event.source_type = event.name;
    const auto time = known[kTimestamp] ? text_of(*known[kTimestamp]) : std::nullopt;
    event.ts_ms = time ? pulsekit::parse_date_time(*time).value_or(now_ms) : now_ms;
    for (const auto& id : {event.user_id, event.session_id}) {
        if (event.visitor_id.empty()) event.visitor_id = id;
    }
    Members properties;
    if (const Value* value = known[kProperties]) properties = object_of(*value).value_or(Members());
    for (const auto name : {"path", "page"}) {
        if (event.path.empty()) event.path = text_member(properties, name);
    }
    event.url = text_member(properties, "url");
    event.title = text_member(properties, "title");
    event.referrer = text_member(properties, "referrer");
    event.country = country_of(text_member(properties, "country"));
    read_free_properties(properties, event);
    event.props =
        props_of(members, properties, [](const Member& member) { return kNames.find(member.name) == kKnown; });
}

http::Response failure(int status, std::string_view code, std::string_view text) {
    return {.status = status,
            .body = http::to_text({{"success", false}, {"error", {{"code", code}, {"message", text}}}})};
}

Refusal bad(Reason reason, std::string_view text) { return {reason, failure(400, "BAD_REQUEST", text)}; }

DecodeResult decode_one(const Members& members, const Arrival& arrival) {
    const Known known(members, kNames);
    if (const auto broken = broken_rule(known); !broken.empty()) return bad(Reason::field, broken);
    Decoded decoded;
    read_event(members, known, arrival.received_ms, decoded.add(0));
    decoded.echo = known[kProperties] ? compact(*known[kProperties]) : "{}";
    return decoded;
}

DecodeResult decode_batch(const Members& members, const Arrival& arrival) {
    const Value* events = members.find("events");
    if (!events || !events->is_array()) return bad(Reason::field, "events must be an array");
    const auto list = events->get_array().value_unsafe();
    if (list.size() > kMaxEvents) return bad(Reason::batch, "Batch exceeds maximum of 1000 events");
    Decoded decoded;
    decoded.reserve(list.size());
    for (const auto value : list) {
        const std::size_t index = decoded.events.size();
        const auto refused = [&](const std::string& broken) {
            return bad(Reason::field, "events[" + std::to_string(index) + "]: " + broken);
        };
        const auto event = object_of(value);
        if (!event) return refused("Event must be a JSON object");
        const Known known(*event, kNames);
        if (const auto broken = broken_rule(known); !broken.empty()) return refused(broken);
        read_event(*event, known, arrival.received_ms, decoded.add(index));
    }
    return decoded;
}

DecodeResult decode(JsonParser& parser, std::string& body, const Arrival& arrival, bool batch) {
    const auto root = parser.parse(body);
    if (!root) return bad(Reason::json, "Invalid JSON body");
    const auto members = object_of(*root);
    if (!members) return bad(Reason::json, "Request body must be a JSON object");
    return batch ? decode_batch(*members, arrival) : decode_one(*members, arrival);
}

/// The event as the answer shows it: what was sent, and the id and time that it has here.
std::string echo(const Event& event, std::string properties) {
    http::Json shown = {{"id", event.event_id}, {"name", event.name}};
    std::string text = http::to_text(shown);
    text.back() = ',';
    text += "\"properties\":" + properties;
    shown = http::Json::object();
    if (!event.user_id.empty()) shown["userId"] = event.user_id;
    if (!event.session_id.empty()) shown["sessionId"] = event.session_id;
    shown["timestamp"] = pulsekit::date_time_ms_text(event.ts_ms);
    return text + "," + http::to_text(shown).substr(1);
}

http::Response reply(const Outcome& outcome) {
    const std::string data = outcome.batch ? "{\"ingested\":" + std::to_string(outcome.accepted) + "}" : outcome.echo;
    return {.status = 201, .body = "{\"success\":true,\"data\":" + data + "}"};
}

http::Response deny(const meta::Denial& denial, std::int64_t) {
    switch (const int status = meta::status_of(denial); status) {
        case 401: return failure(status, "UNAUTHORIZED", "Missing or invalid API key");
        case 429: return failure(status, "RATE_LIMITED", meta::text_of(denial));
        default: return failure(status, "FORBIDDEN", meta::text_of(denial));
    }
}

http::Response refuse(Problem problem, std::int64_t) {
    switch (problem) {
        case Problem::bad_request: return failure(400, "BAD_REQUEST", "Bad request");
        case Problem::not_found: return failure(404, "NOT_FOUND", "Not found");
        case Problem::method_not_allowed: return failure(405, "METHOD_NOT_ALLOWED", "Method not allowed");
        case Problem::too_large: return failure(413, "PAYLOAD_TOO_LARGE", "Request body too large");
        case Problem::content_type: return failure(400, "BAD_REQUEST", "Content-Type must be application/json");
        case Problem::content_encoding:
            return failure(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding must be gzip or identity");
        case Problem::damaged_gzip: return failure(400, "BAD_REQUEST", "Invalid gzip body");
        case Problem::unavailable: return failure(503, "UNAVAILABLE", "Service unavailable");
        case Problem::internal: return failure(500, "INTERNAL_ERROR", "Internal server error");
    }
    return failure(500, "INTERNAL_ERROR", "Internal server error");
}

std::string rejection(Reason) { return "event kind not allowed for this API key"; }

constexpr Endpoint kEndpoints[] = {
    {.pattern = "/api/v1/pulse/events",
     .summary = "Stores one event",
     .request = R"({"name":"signup","properties":{"plan":"pro"},"userId":"user-42","sessionId":"session-7",
        "timestamp":"2026-03-05T12:00:00.000Z","id":"V1StGXR8"})",
     .answer = R"({"success":true,"data":{"id":"V1StGXR8","name":"signup","properties":{"plan":"pro"},
        "userId":"user-42","sessionId":"session-7","timestamp":"2026-03-05T12:00:00.000Z"}})",
     .status = 201},
    {.pattern = "/api/v1/pulse/events/batch",
     .batch = true,
     .summary = "Stores up to 1,000 events, or none",
     .request = R"({"events":[{"name":"signup","userId":"user-43"},{"name":"login","userId":"user-42"}]})",
     .answer = R"({"success":true,"data":{"ingested":2}})",
     .status = 201}};

}  // namespace

constinit const Dialect kGateway = {
    .id = model::DialectId::gateway,
    .endpoints = kEndpoints,
    .credential = meta::KeyPlace::none,
    .traffic = meta::Traffic::event_ingest,
    .content_type = ContentTypeRule::json_when_sent,
    .all_or_nothing = true,
    .not_found_prefix = "/api/v1/pulse/",
    .decode = decode,
    .echo = echo,
    .reply = reply,
    .deny = deny,
    .refuse = refuse,
    .rejection = rejection,
};

}  // namespace collector::ingest
