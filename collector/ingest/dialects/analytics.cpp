// Pulse Analytics: POST /api/collect, one event a request, flat or wrapped in a payload (docs/protocol.md).
#include <algorithm>

#include "http/route.hpp"
#include "ingest/dialect.hpp"
#include "ingest/dialects/analytics_types.hpp"
#include "ingest/steps/step.hpp"
#include "model/module.hpp"

namespace collector::ingest {
namespace {

http::Response invalid(const std::string& what) { return http::plain_error(400, "Invalid request body: " + what); }

http::Response deny(const meta::Denial& denial, std::int64_t) {
    return http::plain_error(meta::status_of(denial), meta::text_of(denial));
}

DecodeResult decode(JsonParser& parser, std::string& text, const Arrival& arrival, bool) {
    const auto root = parser.parse(text);
    if (!root) return Refusal{Reason::json, invalid("malformed JSON.")};
    auto object = object_of(*root);
    if (!object) return Refusal{Reason::json, invalid("expected a JSON object.")};
    const analytics::Body body(*std::move(object));

    const Value* type = body.type();
    const auto name = type ? text_of(*type) : std::nullopt;
    if (type && !name) return Refusal{Reason::field, invalid("field 'type' must be a string.")};
    if (!name || name->empty()) return Refusal{Reason::field, invalid("missing required field 'type'.")};
    const auto* known = analytics::type_named(*name);
    if (!known) return Refusal{Reason::field, invalid("unknown type '" + std::string(*name) + "'.")};
    const Value* named = *name == "event" ? body.find("name") : nullptr;
    const auto kind =
        kind_of(model::DialectId::analytics, *name, named ? text_of(*named).value_or("") : std::string_view());
    const auto module = model::module_of(kind);
    if (const auto denial = meta::Access::module_allows(arrival.grant, module, model::ModuleAccess::write)) {
        return Refusal{Reason::module, deny(*denial, 0)};
    }

    Decoded decoded;
    auto& event = decoded.add(0);
    event.dialect = model::DialectId::analytics;
    event.source_type = event.name = *name;
    event.ts_ms = arrival.received_ms;
    if (const auto broken = analytics::read(*known, body, event)) return Refusal{Reason::field, invalid(*broken)};
    return decoded;
}

http::Response reply(const Outcome& outcome) {
    // decode() has refused what the steps would reject; were they ever to disagree, the client must not be told a lie.
    if (!outcome.rejections.empty()) return http::plain_error(403, outcome.rejections.front().error);
    return {.body = R"({"ok":true})"};
}

std::string rejection(Reason) { return "API key is not allowed to send this event."; }

http::Response refuse_response(const model::Event& event, const pulsekit::Error& error) {
    if (error.code == pulsekit::ErrorCode::invalid) return http::plain_error(400, error.message);
    return http::plain_error(404, "Survey '" + event.survey_id + "' not found.");
}

http::Response refuse(Problem problem, std::int64_t) {
    switch (problem) {
        case Problem::bad_request: return http::plain_envelope(400);
        case Problem::not_found: return http::plain_envelope(404);
        case Problem::method_not_allowed: return http::plain_envelope(405);
        case Problem::too_large: return http::plain_envelope(413);
        case Problem::content_type: return invalid("the Content-Type must be application/json.");
        case Problem::content_encoding: return http::plain_error(415, "Unsupported content encoding.");
        case Problem::damaged_gzip: return invalid("malformed gzip.");
        case Problem::unavailable: return http::plain_error(503, "Service unavailable. Retry after 1 second.");
        case Problem::internal: return http::plain_envelope(500);
    }
    return http::plain_envelope(500);
}

constexpr Endpoint kEndpoints[] = {
    {.pattern = "/api/collect",
     .summary = "Stores one event",
     .request = R"({"type":"pageview","path":"/pricing","title":"Pricing","referrer":"https://www.google.com/",
        "screen":"1920x1080","language":"en-GB","utm_source":"google","utm_medium":"cpc","utm_campaign":"spring_sale",
        "visitor_id":"visitor-1","session_id":"session-1"})",
     .answer = R"({"ok":true})"}};

}  // namespace

constinit const Dialect kAnalytics = {
    .id = model::DialectId::analytics,
    .endpoints = kEndpoints,
    .credential = meta::KeyPlace::x_pulse_key,
    .traffic = meta::Traffic::analytics_ingest,
    .content_type = ContentTypeRule::any,
    .decode = decode,
    .reply = reply,
    .deny = deny,
    .refuse = refuse,
    .rejection = rejection,
    .refuse_response = refuse_response,
};

}  // namespace collector::ingest
