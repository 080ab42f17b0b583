// PULSE: POST /collect, one event, and POST /collect/batch, partial acceptance (docs/protocol.md).
#include "http/json.hpp"
#include "ingest/dialect.hpp"
#include "ingest/fields.hpp"
#include "ingest/json.hpp"
#include "model/text.hpp"

namespace collector::ingest {
namespace {

using model::Event;

constexpr std::size_t kMaxEvents = 1000;

struct Field {
    std::string_view name;
    std::size_t max_length;
    std::string Event::*into = nullptr;  ///< null: not a text
    bool required = false;
};

constexpr Field kFields[] = {{"site_id", 64, &Event::app_id, true},    {"event_type", 64, &Event::source_type, true},
                             {"timestamp", 0, nullptr, true},          {"session_id", 64, &Event::session_id, true},
                             {"user_id", 64, &Event::user_id},         {"url", 2048, &Event::url},
                             {"referrer", 2048, &Event::referrer},     {"country", 2, &Event::country},
                             {"device_type", 32, &Event::device_type}, {"event_id", 255, &Event::event_id},
                             {"device_id", 255, &Event::visitor_id}};

constexpr std::size_t kKnown = std::size(kFields);
constexpr NameTable<kKnown> kNames(kFields);
constexpr std::size_t kTimestamp = kNames.find("timestamp");
constexpr std::size_t kCountry = kNames.find("country");

/// What a batch may say once for all of its events.
constexpr std::string_view kShared[] = {"site_id", "session_id", "user_id"};

using Values = std::array<const Value*, kKnown>;

Values values_of(const Members& event, const Members* batch) {
    const Known<kKnown> known(event, kNames);
    Values values{};
    for (std::size_t i = 0; i < kKnown; ++i) values[i] = known[i];
    if (!batch) return values;
    for (const auto name : kShared) {
        auto& value = values[kNames.find(name)];
        if (!value || text_of(*value) == "") value = batch->find(name);
    }
    return values;
}

std::optional<std::int64_t> time_of(const Value* value) {
    const auto ms = value ? integer_of(*value) : std::nullopt;
    return ms && *ms >= 0 && *ms <= kLastMs ? ms : std::nullopt;
}

bool is_empty(const Value& value) { return text_of(value) == ""; }

/// The first rule that the event breaks; empty when there is none.
std::string broken_rule(const Values& values) {
    for (std::size_t i = 0; i < kKnown; ++i) {
        if (kFields[i].required && (!values[i] || is_empty(*values[i]))) {
            return "Missing required field: " + std::string(kFields[i].name);
        }
    }
    for (std::size_t i = 0; i < kKnown; ++i) {
        if (!values[i] || is_empty(*values[i])) continue;
        const std::string invalid = "Invalid field: " + std::string(kFields[i].name);
        if (i == kTimestamp) {
            if (!time_of(values[i])) return invalid + " must be an integer Unix timestamp in milliseconds";
            continue;
        }
        const auto text = text_of(*values[i]);
        if (!text) return invalid + " must be a string";
        if (i == kCountry) {
            if (country_of(*text).empty()) return invalid + " must be a 2-letter ISO 3166-1 code";
        } else if (model::code_points(*text) > kFields[i].max_length) {
            return invalid + " exceeds maximum length of " + std::to_string(kFields[i].max_length);
        }
    }
    return {};
}

void read_event(const Members& members, const Values& values, Event& event) {
    event.dialect = model::DialectId::pulse;
    for (std::size_t i = 0; i < kKnown; ++i) {
        if (values[i] && kFields[i].into) event.*kFields[i].into = text_of(*values[i]).value_or("");
    }
    event.ts_ms = time_of(values[kTimestamp]).value_or(0);
    event.country = country_of(event.country);
    event.name = event.source_type;
    if (event.visitor_id.empty()) event.visitor_id = event.user_id.empty() ? event.session_id : event.user_id;
    read_free_properties(members, event);
    event.props = props_of(members, {}, [](const Member& member) { return kNames.find(member.name) == kKnown; });
}

http::Response failure(int status, std::string_view text, std::int64_t ms) {
    return {.status = status, .body = http::to_text({{"success", false}, {"error", text}, {"timestamp", ms}})};
}

DecodeResult decode_one(const Value& root, const Arrival& arrival) {
    const auto members = object_of(root);
    if (!members) {
        return Refusal{Reason::json, failure(400, "Request body must be a JSON object", arrival.received_ms)};
    }
    const Values values = values_of(*members, nullptr);
    const std::int64_t ms = time_of(values[kTimestamp]).value_or(arrival.received_ms);
    if (const auto broken = broken_rule(values); !broken.empty()) {
        return Refusal{Reason::field, failure(400, broken, ms)};
    }
    Decoded decoded;
    read_event(*members, values, decoded.add(0));
    return decoded;
}

DecodeResult decode_batch(const Value& root, const Arrival& arrival) {
    const auto refusal = [&](Reason reason, std::string_view text) {
        return Refusal{reason, failure(400, text, arrival.received_ms)};
    };
    const auto batch = object_of(root);
    if (!batch) return refusal(Reason::json, "Request body must be a JSON object");
    const Value* events = batch->find("events");
    if (!events || !events->is_array()) return refusal(Reason::field, "Missing required field: events");
    const auto list = events->get_array().value_unsafe();
    if (list.size() > kMaxEvents) return refusal(Reason::batch, "Batch exceeds maximum of 1000 events");
    Decoded decoded;
    decoded.reserve(list.size());
    std::size_t index = 0;
    for (const auto value : list) {
        const std::size_t here = index++;
        const auto members = object_of(value);
        const Values values = members ? values_of(*members, &*batch) : Values{};
        auto broken = members ? broken_rule(values) : "Event must be a JSON object";
        if (!broken.empty()) {
            decoded.rejections.push_back({here, std::move(broken)});
            continue;
        }
        read_event(*members, values, decoded.add(here));
    }
    return decoded;
}

DecodeResult decode(JsonParser& parser, std::string& body, const Arrival& arrival, bool batch) {
    const auto root = parser.parse(body);
    if (!root) return Refusal{Reason::json, failure(400, "Invalid JSON body", arrival.received_ms)};
    return batch ? decode_batch(*root, arrival) : decode_one(*root, arrival);
}

/// The answer repeats the event's own time.
std::string echo(const Event& event, std::string) { return std::to_string(event.ts_ms); }

http::Response reply_to_batch(const Outcome& outcome) {
    const auto& rejections = outcome.rejections;
    const bool none = outcome.accepted == 0 && !rejections.empty();
    http::Json body = {{"success", !none}, {"accepted", outcome.accepted}, {"rejected", rejections.size()}};
    http::Json errors = http::Json::array();
    for (const auto& rejection : rejections) errors.push_back({{"index", rejection.index}, {"error", rejection.error}});
    body["errors"] = std::move(errors);
    if (none) body["error"] = rejections.front().error;
    body["timestamp"] = outcome.received_ms;
    return {.status = none ? 400 : 202, .body = http::to_text(body)};
}

http::Response reply(const Outcome& outcome) {
    if (outcome.batch) return reply_to_batch(outcome);
    if (!outcome.rejections.empty()) return failure(403, outcome.rejections.front().error, outcome.received_ms);
    return {.status = 202, .body = R"({"success":true,"timestamp":)" + outcome.echo + "}"};
}

http::Response deny(const meta::Denial& denial, std::int64_t now_ms) {
    const int status = meta::status_of(denial);
    switch (denial.why) {
        case meta::Denial::Why::missing_key:
        case meta::Denial::Why::invalid_key: return failure(status, "Invalid API key", now_ms);
        case meta::Denial::Why::scope:
            return failure(status, "API key lacks the '" + denial.subject + "' scope", now_ms);
        case meta::Denial::Why::rate_limited: return failure(status, "Rate limit exceeded", now_ms);
        default: return failure(status, "Forbidden", now_ms);
    }
}

http::Response refuse(Problem problem, std::int64_t now_ms) {
    switch (problem) {
        case Problem::bad_request: return failure(400, "Bad request", now_ms);
        case Problem::not_found: return failure(404, "Not found", now_ms);
        case Problem::method_not_allowed: return failure(405, "Method not allowed", now_ms);
        case Problem::too_large: return failure(413, "Request body too large", now_ms);
        case Problem::content_type: return failure(400, "Content-Type must be application/json", now_ms);
        case Problem::content_encoding: return failure(415, "Content-Encoding must be gzip or identity", now_ms);
        case Problem::damaged_gzip: return failure(400, "Invalid gzip body", now_ms);
        case Problem::unavailable: return failure(503, "Service unavailable", now_ms);
        case Problem::internal: return failure(500, "Internal server error", now_ms);
    }
    return failure(500, "Internal server error", now_ms);
}

std::string rejection(Reason) { return "event kind not allowed for this API key"; }

constexpr Endpoint kEndpoints[] = {
    {.pattern = "/collect",
     .summary = "Stores one event",
     .request = R"({"site_id":"shop","event_type":"page_view","timestamp":1772712000000,"session_id":"session-7",
        "user_id":"user-42","url":"https://example.com/products","referrer":"https://www.google.com/","country":"DE",
        "device_type":"desktop"})",
     .answer = R"({"success":true,"timestamp":1772712000000})",
     .status = 202},
    {.pattern = "/collect/batch",
     .batch = true,
     .summary = "Stores up to 1,000 events",
     .request = R"({"events":[{"site_id":"shop","event_type":"click","timestamp":1772712060000,
        "session_id":"session-7"},{"site_id":"shop","event_type":"purchase","timestamp":1772712120000,
        "session_id":"session-7","revenue":19.99}]})",
     .answer = R"({"success":true,"accepted":2,"rejected":0,"errors":[],"timestamp":1772712121000})",
     .status = 202}};

}  // namespace

constinit const Dialect kPulse = {
    .id = model::DialectId::pulse,
    .endpoints = kEndpoints,
    .credential = meta::KeyPlace::bearer,
    .traffic = meta::Traffic::pulse_ingest,
    .content_type = ContentTypeRule::json_when_sent,
    .decode = decode,
    .echo = echo,
    .reply = reply,
    .deny = deny,
    .refuse = refuse,
    .rejection = rejection,
};

}  // namespace collector::ingest
