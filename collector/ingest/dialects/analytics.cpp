// Pulse Analytics: POST /api/collect, one event a request, flat or wrapped in a payload (docs/protocol.md).
#include <algorithm>
#include <span>

#include "http/route.hpp"
#include "ingest/dialect.hpp"
#include "ingest/json.hpp"
#include "ingest/steps/step.hpp"
#include "model/module.hpp"
#include "model/text.hpp"
#include "support/time_text.hpp"

namespace collector::ingest {
namespace {

using model::Event;

constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

struct TextRule {
    std::string_view name;
    std::size_t max_length;
    std::string Event::*into;
    bool required = false;
};

constexpr TextRule kAnyType[] = {{"visitor_id", 128, &Event::visitor_id},
                                 {"session_id", 128, &Event::session_id},
                                 {"event_id", 128, &Event::event_id},
                                 {"user_id", 255, &Event::user_id},
                                 {"url", 2048, &Event::url}};

constexpr TextRule kPageview[] = {
    {"path", 2048, &Event::path, true},        {"title", 512, &Event::title},
    {"referrer", 2048, &Event::referrer},      {"screen", 32, &Event::screen},
    {"language", 35, &Event::language},        {"utm_source", 255, &Event::utm_source},
    {"utm_medium", 255, &Event::utm_medium},   {"utm_campaign", 255, &Event::utm_campaign},
    {"utm_content", 255, &Event::utm_content}, {"utm_term", 255, &Event::utm_term}};

constexpr TextRule kEvent[] = {{"name", 255, &Event::name, true}, {"path", 2048, &Event::path}};

/// A request's members, those of its `payload` object as if they stood beside it and before them.
class Body {
public:
    explicit Body(Members outer) : outer_(std::move(outer)) {
        const Value* payload = outer_.find("payload");
        auto inner = payload ? object_of(*payload) : std::nullopt;
        wrapped_ = inner.has_value();
        if (inner) inner_ = *std::move(inner);
    }

    const Value* find(std::string_view name) const {
        const Value* inner = inner_.find(name);
        return inner ? inner : outer_.find(name);
    }
    const Value* type() const { return outer_.find("type"); }

    /// Calls `use` for every member but the type and the wrapping.
    template <typename F>
    void for_each(F use) const {
        std::vector<std::string_view> names;
        for (const auto& member : inner_) {
            use(member);
            names.push_back(member.name);
        }
        const Names hidden(std::move(names));
        for (const auto& member : outer_) {
            if (member.name == "type" || (wrapped_ && member.name == "payload")) continue;
            if (!hidden.contain(member.name)) use(member);
        }
    }

private:
    Members outer_, inner_;
    bool wrapped_ = false;
};

http::Response invalid(const std::string& what) { return http::plain_error(400, "Invalid request body: " + what); }

std::string field_rule(std::string_view name, std::string_view rule) {
    return "field '" + std::string(name) + "' must be " + std::string(rule) + ".";
}

/// Each reader gives the rule that is broken, or nothing.
using Broken = std::optional<std::string>;

Broken read_texts(const Body& body, std::span<const TextRule> rules, Event& event) {
    for (const auto& [name, max_length, into, required] : rules) {
        const Value* value = body.find(name);
        const auto text = value ? text_of(*value) : std::nullopt;
        if (value && !text) return field_rule(name, "a string");
        if (!text || text->empty()) {
            if (required) return "missing required field '" + std::string(name) + "'.";
            continue;
        }
        if (model::code_points(*text) > max_length) {
            return field_rule(name, "at most " + std::to_string(max_length) + " characters");
        }
        event.*into = *text;
    }
    return std::nullopt;
}

Broken read_timestamp(const Body& body, Event& event) {
    const Value* value = body.find("timestamp");
    if (!value) return std::nullopt;
    const auto text = text_of(*value);
    if (text && text->empty()) return std::nullopt;
    const auto ms = text ? pulsekit::parse_date_time(*text) : integer_of(*value);
    if (!ms || *ms < 0 || *ms > kLastMs) {
        return field_rule("timestamp", "an ISO 8601 date-time or integer milliseconds since 1970");
    }
    event.ts_ms = *ms;
    return std::nullopt;
}

Broken read_revenue(const Body& body, Event& event) {
    if (const Value* amount = body.find("revenue_amount")) {
        event.revenue_amount = number_of(*amount);
        if (!event.revenue_amount) return field_rule("revenue_amount", "a finite number");
    }
    const Value* currency = body.find("revenue_currency");
    if (!currency) return std::nullopt;
    const auto code = text_of(*currency);
    if (code && code->empty()) return std::nullopt;
    const auto is_letter = [](char c) { return model::is_letter(c); };
    if (!code || code->size() != 3 || !std::all_of(code->begin(), code->end(), is_letter)) {
        return field_rule("revenue_currency", "a currency code of 3 letters");
    }
    event.revenue_currency = model::upper(*code);
    return std::nullopt;
}

bool is_mapped(std::string_view name, std::span<const TextRule> rules) {
    return std::any_of(rules.begin(), rules.end(), [&](const TextRule& rule) { return rule.name == name; });
}

/// Members that have no field of their own, then those of `data` that no such member hides.
std::string props_of(const Body& body, std::span<const TextRule> rules, const Members& data, bool is_event) {
    ObjectText props;
    std::vector<std::string_view> kept;
    body.for_each([&](const Member& member) {
        if (member.name == "timestamp" || is_mapped(member.name, kAnyType) || is_mapped(member.name, rules)) return;
        if (is_event && (member.name == "data" || member.name.starts_with("revenue_"))) return;
        props.add(member.name, member.value);
        kept.push_back(member.name);
    });
    const Names hidden(std::move(kept));
    for (const auto& member : data) {
        if (!hidden.contain(member.name)) props.add(member.name, member.value);
    }
    return props.take();
}

Broken read_pageview(const Body& body, Event& event) {
    if (auto broken = read_texts(body, kPageview, event)) return broken;
    event.props = props_of(body, kPageview, {}, false);
    return std::nullopt;
}

Broken read_custom_event(const Body& body, Event& event) {
    if (auto broken = read_texts(body, kEvent, event)) return broken;
    Members data;
    if (const Value* value = body.find("data")) {
        auto object = object_of(*value);
        if (!object) return field_rule("data", "an object");
        data = *std::move(object);
    }
    if (auto broken = read_revenue(body, event)) return broken;
    const Value* version = data.find("app_version");
    if (const auto text = version ? text_of(*version) : std::nullopt) event.app_version = *text;
    event.props = props_of(body, kEvent, data, true);
    return std::nullopt;
}

struct EventType {
    std::string_view name;
    Broken (*read)(const Body& body, Event& event);
};
constexpr EventType kTypes[] = {{"pageview", read_pageview}, {"event", read_custom_event}};

/// Whether the key and the project let an event of this type in.
std::optional<meta::Denial> module_denial(std::string_view type, const meta::Grant& grant) {
    const auto module = model::module_of(kind_of(model::DialectId::analytics, type));
    if (auto denial = meta::Access::key_allows(grant, module)) return denial;
    if (module.empty() || model::enabled_by_default(module)) return std::nullopt;
    return meta::Denial{.why = meta::Denial::Why::module_off, .subject = std::string(module)};
}

http::Response deny(const meta::Denial& denial) {
    return http::plain_error(meta::status_of(denial), meta::text_of(denial));
}

DecodeResult decode(JsonParser& parser, std::string& text, const Arrival& arrival, bool) {
    const auto root = parser.parse(text);
    if (!root) return Refusal{Reason::json, invalid("malformed JSON.")};
    auto object = object_of(*root);
    if (!object) return Refusal{Reason::json, invalid("expected a JSON object.")};
    const Body body(*std::move(object));

    const Value* type = body.type();
    const auto name = type ? text_of(*type) : std::nullopt;
    if (type && !name) return Refusal{Reason::field, invalid(field_rule("type", "a string"))};
    if (!name || name->empty()) return Refusal{Reason::field, invalid("missing required field 'type'.")};
    const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return t.name == *name; });
    if (known == std::end(kTypes)) {
        return Refusal{Reason::field, invalid("unknown type '" + std::string(*name) + "'.")};
    }
    if (const auto denial = module_denial(*name, arrival.grant)) return Refusal{Reason::module, deny(*denial)};

    Event event;
    event.source_type = event.name = *name;
    event.ts_ms = arrival.received_ms;
    auto broken = known->read(body, event);
    if (!broken) broken = read_texts(body, kAnyType, event);
    if (!broken) broken = read_timestamp(body, event);
    if (broken) return Refusal{Reason::field, invalid(*broken)};
    Decoded decoded;
    decoded.items.push_back({.event = std::move(event)});
    return decoded;
}

http::Response reply(const Outcome& outcome) {
    // decode() has refused what the steps would reject; were they ever to disagree, the client must not be told a lie.
    if (!outcome.rejections.empty()) return http::plain_error(403, outcome.rejections.front().error);
    return {.body = R"({"ok":true})"};
}

std::string rejection(Reason) { return "API key is not allowed to send this event."; }

http::Response refuse(Problem problem) {
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

constexpr Endpoint kEndpoints[] = {{.pattern = "/api/collect", .summary = "Stores one event"}};

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
};

}  // namespace collector::ingest
