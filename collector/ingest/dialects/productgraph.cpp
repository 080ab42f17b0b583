// ProductGraph: POST /v1/events, flat dotted names, partial acceptance (docs/protocol.md).
#include <algorithm>

#include "http/json.hpp"
#include "http/route.hpp"
#include "ingest/dialect.hpp"
#include "ingest/fields.hpp"
#include "ingest/json.hpp"
#include "model/text.hpp"
#include "model/vitals.hpp"
#include "support/time_text.hpp"

namespace collector::ingest {
namespace {

using model::Event;

constexpr std::size_t kMaxEvents = 1000;
constexpr std::size_t kMaxEventBytes = 102'400;

enum class Type { text, integer, number, object };

/// A documented member. Without a destination it goes into the properties; a name that is a vital's goes to the vitals.
struct Field {
    std::string_view name;
    Type type = Type::text;
    std::string Event::*into = nullptr;
    std::string_view vital = {};
};

/// The required ones first; in the order in which their rules are checked.
constexpr Field kFields[] = {
    {.name = "event_id", .into = &Event::event_id},
    {.name = "project_id", .into = &Event::app_id},
    {.name = "session.id", .into = &Event::session_id},
    {.name = "event.type", .into = &Event::source_type},
    {.name = "event.timestamp"},
    {.name = "user.id", .into = &Event::user_id},
    {.name = "event.name", .into = &Event::name},
    {.name = "event.sequence", .type = Type::integer},
    {.name = "page.path", .into = &Event::path},
    {.name = "page.title", .into = &Event::title},
    {.name = "page.url", .into = &Event::url},
    {.name = "page.referrer", .into = &Event::referrer},
    {.name = "ui.component.name"},
    {.name = "ui.component.path"},
    {.name = "ui.component.type"},
    {.name = "ui.action"},
    {.name = "ui.element"},
    {.name = "ui.element.text"},
    {.name = "ui.state.key"},
    {.name = "ui.state.before"},
    {.name = "ui.state.after"},
    {.name = "gen_ai.journey.id"},
    {.name = "gen_ai.journey.step.id"},
    {.name = "gen_ai.journey.step.name"},
    {.name = "api.method"},
    {.name = "api.path"},
    {.name = "api.status_code", .type = Type::integer},
    {.name = "api.duration_ms", .type = Type::integer},
    {.name = "error.type", .into = &Event::error_type},
    {.name = "error.message", .into = &Event::error_message},
    {.name = "error.stack", .into = &Event::error_stack},
    {.name = "duration_ms", .type = Type::integer},
    {.name = "metadata", .type = Type::object},
    {.name = "performance.lcp_ms", .type = Type::number, .vital = "LCP"},
    {.name = "performance.fcp_ms", .type = Type::number, .vital = "FCP"},
    {.name = "performance.inp_ms", .type = Type::number, .vital = "INP"},
    {.name = "performance.ttfb_ms", .type = Type::number, .vital = "TTFB"},
    {.name = "performance.cls", .type = Type::number, .vital = "CLS"},
    {.name = "device.id", .into = &Event::visitor_id},
};

constexpr std::size_t kRequired = 5;
constexpr std::size_t kKnown = std::size(kFields);
constexpr NameTable<kKnown> kNames(kFields);
constexpr std::size_t kTimestamp = kNames.find("event.timestamp");
constexpr std::size_t kDuration = kNames.find("duration_ms");
constexpr std::size_t kMetadata = kNames.find("metadata");

std::string_view rule_of(Type type) {
    switch (type) {
        case Type::text: return "must be a string";
        case Type::integer: return "must be an integer";
        case Type::number: return "must be a number";
        case Type::object: return "must be an object";
    }
    return {};
}

bool has_type(const Value& value, Type type) {
    switch (type) {
        case Type::text: return text_of(value).has_value();
        case Type::integer: return integer_of(value).has_value();
        case Type::number: return number_of(value).has_value();
        case Type::object: return value.is_object();
    }
    return false;
}

/// The first rule that the event breaks, as the answer says it; empty when there is none, and then `ts_ms` is its time.
std::string broken_rule(const Known<kKnown>& known, std::int64_t& ts_ms) {
    const auto broken = [](const Field& field, std::string_view rule) {
        return std::string(field.name) + ": " + std::string(rule);
    };
    for (std::size_t i = 0; i < kRequired; ++i) {
        const Value* value = known[i];
        if (!value) return broken(kFields[i], "required");
        const auto text = text_of(*value);
        if (!text) return broken(kFields[i], rule_of(Type::text));
        if (text->empty()) return broken(kFields[i], "required");
    }
    const auto time = pulsekit::parse_date_time(*text_of(*known[kTimestamp]));
    if (!time) return "event.timestamp: must be a valid ISO 8601 timestamp";
    ts_ms = *time;
    for (std::size_t i = kRequired; i < kKnown; ++i) {
        const Value* value = known[i];
        if (value && !has_type(*value, kFields[i].type)) return broken(kFields[i], rule_of(kFields[i].type));
    }
    return {};
}

/// Whether a member is one of the properties.
bool is_kept(const Member& member) {
    const auto index = kNames.find(member.name);
    if (index == kNames.kNone) return true;
    const Field& field = kFields[index];
    if (index < kRequired || field.into || !field.vital.empty() || index == kMetadata || index == kDuration)
        return false;
    return !member.value.is_null() && text_of(member.value) != "";
}

void read_metadata(const Members& metadata, Event& event) {
    event.app_version = text_member(metadata, "app_version");
    event.revenue_amount = number_member(metadata, {"revenue_amount"});
    if (event.revenue_amount) event.revenue_currency = currency_of(text_member(metadata, "revenue_currency"));
    const std::string type = model::lower(event.source_type);
    if (type == "ui.click") {
        event.click_x = number_member(metadata, {"x"});
        event.click_y = number_member(metadata, {"y"});
    }
    if (type == "performance" && event.vitals.empty()) {
        for (const auto& vital : model::kVitals) {
            if (const auto value = number_member(metadata, {vital.name})) event.vitals.emplace_back(vital.name, *value);
        }
    }
}

void read_event(const Members& members, const Known<kKnown>& known, Event& event) {
    for (std::size_t i = 0; i < kKnown; ++i) {
        const Value* value = known[i];
        if (!value) continue;
        const Field& field = kFields[i];
        if (field.into) (event.*field.into).assign(text_of(*value).value_or(""));
        if (!field.vital.empty()) event.vitals.emplace_back(field.vital, number_of(*value).value_or(0));
    }
    if (event.name.empty()) event.name = event.source_type;
    if (event.visitor_id.empty()) event.visitor_id = event.user_id.empty() ? event.session_id : event.user_id;
    if (const Value* duration = known[kDuration]) event.duration_ms = integer_of(*duration);
    Members metadata;
    if (const Value* value = known[kMetadata]) metadata = *object_of(*value);
    read_metadata(metadata, event);
    event.props = props_of(members, metadata, is_kept);
}

http::Response error(int status, std::string_view text) { return http::plain_error(status, text); }

DecodeResult decode(JsonParser& parser, std::string& body, const Arrival&, bool) {
    const auto root = parser.parse(body);
    if (!root) return Refusal{Reason::json, error(400, "invalid JSON")};
    const auto object = object_of(*root);
    if (!object) return Refusal{Reason::json, error(400, "request body must be a JSON object")};
    const Value* events = object->find("events");
    if (!events || !events->is_array()) return Refusal{Reason::field, error(400, "events: required")};
    const auto list = events->get_array().value_unsafe();
    if (list.size() > kMaxEvents) return Refusal{Reason::batch, error(400, "batch too large")};

    Decoded decoded;
    decoded.reserve(list.size());
    std::size_t index = 0;
    std::string compact;
    for (const auto value : list) {
        const std::size_t here = index++;
        const auto members = object_of(value);
        if (!members) {
            decoded.rejections.push_back({here, "event: must be an object"});
            continue;
        }
        const Known known(*members, kNames);
        std::int64_t ts_ms = 0;
        if (auto broken = broken_rule(known, ts_ms); !broken.empty()) {
            decoded.rejections.push_back({here, std::move(broken)});
            continue;
        }
        Event& event = decoded.add(here);
        event.ts_ms = ts_ms;
        read_event(*members, known, event);
        if (body.size() > kMaxEventBytes && compact_size_at_most(value) > kMaxEventBytes) {
            compact.clear();
            append(compact, value);
            decoded.origins.back().wire_bytes = compact.size();
        }
    }
    return decoded;
}

http::Response reply(const Outcome& outcome) {
    if (outcome.rejections.empty()) {  // nearly always, and with each request
        return {.status = 202,
                .body = "{\"accepted\":" + std::to_string(outcome.accepted) + ",\"rejected\":0,\"errors\":[]}"};
    }
    http::Json errors = http::Json::array();
    for (const auto& rejection : outcome.rejections) {
        errors.push_back({{"index", rejection.index}, {"error", rejection.error}});
    }
    return {
        .status = 202,
        .body = http::to_text(
            {{"accepted", outcome.accepted}, {"rejected", outcome.rejections.size()}, {"errors", std::move(errors)}})};
}

http::Response deny(const meta::Denial& denial, std::int64_t) {
    const int status = meta::status_of(denial);
    switch (denial.why) {
        case meta::Denial::Why::missing_key: return error(status, "missing API key");
        case meta::Denial::Why::invalid_key: return error(status, "invalid API key");
        case meta::Denial::Why::scope: return error(status, "API key lacks the '" + denial.subject + "' scope");
        case meta::Denial::Why::rate_limited: return error(status, "rate limit exceeded");
        default: return error(status, "forbidden");
    }
}

http::Response refuse(Problem problem, std::int64_t) {
    switch (problem) {
        case Problem::bad_request: return error(400, "bad request");
        case Problem::not_found: return error(404, "not found");
        case Problem::method_not_allowed: return error(405, "method not allowed");
        case Problem::too_large: return error(400, "request body too large");
        case Problem::content_type: return error(400, "Content-Type must be application/json");
        case Problem::content_encoding: return error(415, "Content-Encoding must be gzip or identity");
        case Problem::damaged_gzip: return error(400, "invalid gzip");
        case Problem::unavailable: return error(503, "service unavailable");
        case Problem::internal: return error(500, "internal error");
    }
    return error(500, "internal error");
}

std::string rejection(Reason reason) {
    return reason == Reason::event_size ? "event: exceeds maximum size of 100 KB"
                                        : "event kind not allowed for this API key";
}

constexpr Endpoint kEndpoints[] = {
    {.pattern = "/v1/events",
     .batch = true,
     .summary = "Stores up to 1,000 events",
     .request = R"({"events":[{"event_id":"0195f3a0-7c1d-7e2a-9b3c-4d5e6f708192","project_id":"shop",
        "session.id":"session-7","event.type":"ui.click","event.name":"Add to cart",
        "event.timestamp":"2026-03-05T12:00:00.000Z","user.id":"user-42","page.path":"/products/7"}]})",
     .answer = R"({"accepted":1,"rejected":0,"errors":[]})",
     .status = 202}};

}  // namespace

constinit const Dialect kProductgraph = {
    .id = model::DialectId::productgraph,
    .endpoints = kEndpoints,
    .credential = meta::KeyPlace::x_pg_api_key,
    .traffic = meta::Traffic::event_ingest,
    .content_type = ContentTypeRule::json_is_required,
    .max_event_bytes = kMaxEventBytes,
    .decode = decode,
    .reply = reply,
    .deny = deny,
    .refuse = refuse,
    .rejection = rejection,
};

}  // namespace collector::ingest
