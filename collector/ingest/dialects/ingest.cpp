// POST /ingest: one event a request; a bad one is told everything that is wrong with it (docs/protocol.md).
#include <algorithm>
#include <span>

#include "http/json.hpp"
#include "ingest/dialect.hpp"
#include "ingest/fields.hpp"
#include "ingest/json.hpp"
#include "model/text.hpp"
#include "model/vitals.hpp"
#include "support/time_text.hpp"

namespace collector::ingest {
namespace {

using model::Event;

enum class Type { text, instant, choice, object, texts };

constexpr std::string_view kDevices[] = {"mobile", "desktop", "tablet"};
constexpr std::string_view kPlatforms[] = {"ios", "android", "web"};
constexpr std::string_view kNetworks[] = {"wifi", "cellular", "unknown"};

struct Field {
    std::string_view name;
    Type type = Type::text;
    std::string Event::*into = nullptr;
    bool required = false;
    bool kept = false;  ///< goes into the properties
    std::size_t max_length = 255;
    std::span<const std::string_view> choices = {};
};

/// In the order in which failures are told.
constexpr Field kFields[] = {
    {.name = "event_id", .into = &Event::event_id, .required = true},
    {.name = "event_type", .into = &Event::source_type, .required = true},
    {.name = "event_name", .into = &Event::name, .required = true},
    {.name = "event_time", .type = Type::instant, .required = true},
    {.name = "user_id", .into = &Event::user_id, .required = true},
    {.name = "session_id", .into = &Event::session_id, .required = true},
    {.name = "page_name", .into = &Event::title, .required = true},
    {.name = "element_id", .kept = true},
    {.name = "referrer", .into = &Event::referrer, .max_length = 2048},
    {.name = "device_type", .type = Type::choice, .into = &Event::device_type, .choices = kDevices},
    {.name = "platform", .type = Type::choice, .choices = kPlatforms},
    {.name = "app_version", .into = &Event::app_version, .kept = true},
    {.name = "network_type", .type = Type::choice, .kept = true, .choices = kNetworks},
    {.name = "content", .type = Type::object, .kept = true},
    {.name = "behavior", .type = Type::object, .kept = true},
    {.name = "performance", .type = Type::object, .kept = true},
    {.name = "location", .type = Type::object, .kept = true},
    {.name = "commerce", .type = Type::object, .kept = true},
    {.name = "interaction", .type = Type::object, .kept = true},
    {.name = "experiments", .type = Type::texts, .kept = true},
    {.name = "extras", .type = Type::object},
    {.name = "device_id", .into = &Event::visitor_id},
};

constexpr std::size_t kKnown = std::size(kFields);
constexpr NameTable<kKnown> kNames(kFields);
constexpr std::size_t kTime = kNames.find("event_time");
constexpr std::size_t kPlatform = kNames.find("platform");

http::Json failure(std::string_view field, const std::string& message, std::string_view code) {
    return {{"field", field}, {"message", message}, {"code", code}};
}

std::string joined(std::span<const std::string_view> choices) {
    std::string text;
    for (const auto choice : choices) text.append(text.empty() ? "" : ", ").append(choice);
    return text;
}

bool are_texts(const Value& value) {
    simdjson::dom::array list;
    if (value.get_array().get(list)) return false;
    return std::all_of(list.begin(), list.end(), [](const Value item) { return text_of(item).has_value(); });
}

/// What is wrong with one member, or nothing.
std::optional<http::Json> broken_rule(const Field& field, const Value* value) {
    const auto text = value ? text_of(*value) : std::nullopt;
    if (!value || text == "") {
        if (!field.required) return std::nullopt;
        return failure(field.name, "is required", "validation.required");
    }
    const auto type_is = [&](const char* rule) { return failure(field.name, rule, "validation.type"); };
    if (field.type == Type::object) {
        if (!value->is_object()) return type_is("must be an object");
        return std::nullopt;
    }
    if (field.type == Type::texts) {
        if (!are_texts(*value)) return type_is("must be an array of strings");
        return std::nullopt;
    }
    if (!text) return type_is("must be a string");
    if (field.type == Type::instant) {
        if (pulsekit::parse_date_time(*text)) return std::nullopt;
        return failure(field.name, "must be a valid ISO 8601 datetime", "validation.format");
    }
    if (field.type == Type::choice) {
        if (std::find(field.choices.begin(), field.choices.end(), *text) != field.choices.end()) return std::nullopt;
        return failure(field.name, "must be one of: " + joined(field.choices), "validation.enum");
    }
    if (model::code_points(*text) <= field.max_length) return std::nullopt;
    return failure(field.name, "must be at most " + std::to_string(field.max_length) + " characters",
                   "validation.length");
}

Members object_named(const Known<kKnown>& known, std::string_view name) {
    const Value* value = known[kNames.find(name)];
    return value ? object_of(*value).value_or(Members()) : Members();
}

std::string_view system_of(std::string_view platform) {
    if (platform == "ios") return "iOS";
    if (platform == "android") return "Android";
    return {};  // the web runs on any: the user agent says which
}

void read_objects(const Known<kKnown>& known, Event& event) {
    const auto commerce = object_named(known, "commerce");
    event.revenue_amount = number_member(commerce, {"revenue_amount", "revenue", "amount"});
    if (event.revenue_amount) event.revenue_currency = currency_of(text_member(commerce, "currency"));
    event.country = country_of(text_member(object_named(known, "location"), "country"));
    const auto interaction = object_named(known, "interaction");
    event.click_x = number_member(interaction, {"x"});
    event.click_y = number_member(interaction, {"y"});
    if (!event.click_x || !event.click_y) event.click_x = event.click_y = std::nullopt;
    for (const auto& member : object_named(known, "performance")) {
        const auto name = model::upper(member.name);
        const auto value = number_of(member.value);
        if (value && model::vital_named(name)) event.vitals.emplace_back(name, *value);
    }
}

void read_event(const Members& members, Event& event) {
    const Known known(members, kNames);
    event.dialect = model::DialectId::ingest;
    for (std::size_t i = 0; i < kKnown; ++i) {
        if (known[i] && kFields[i].into) event.*kFields[i].into = text_of(*known[i]).value_or("");
    }
    event.ts_ms = pulsekit::parse_date_time(text_of(*known[kTime]).value_or("")).value_or(0);
    event.path = event.title.front() == '/' ? event.title : "/" + event.title;
    if (event.visitor_id.empty()) event.visitor_id = event.user_id;
    if (known[kPlatform]) event.os = system_of(text_of(*known[kPlatform]).value_or(""));
    const auto extras = object_named(known, "extras");
    const std::string version = event.app_version;
    read_free_properties(extras, event);
    if (!version.empty()) event.app_version = version;
    const auto revenue = event.revenue_amount;
    const std::string currency = event.revenue_currency;
    read_objects(known, event);
    if (!event.revenue_amount) {
        event.revenue_amount = revenue;
        event.revenue_currency = currency;
    }
    event.props = props_of(members, extras, [](const Member& member) {
        const auto field = kNames.find(member.name);
        return field == kKnown || (kFields[field].kept && !member.value.is_null() && text_of(member.value) != "");
    });
}

http::Response problem(int status, std::string_view title, http::Json details = http::Json::array()) {
    return {.status = status, .body = http::to_text({{"error", title}, {"details", std::move(details)}})};
}

http::Response invalid(http::Json details) { return problem(400, "Invalid event", std::move(details)); }

DecodeResult decode(JsonParser& parser, std::string& body, const Arrival&, bool) {
    const auto not_json = [](const char* rule) {
        return Refusal{Reason::json, invalid({failure("body", rule, "validation.json")})};
    };
    const auto root = parser.parse(body);
    if (!root) return not_json("must be valid JSON");
    const auto members = object_of(*root);
    if (!members) return not_json("must be a JSON object");
    const Known known(*members, kNames);
    http::Json failures = http::Json::array();
    for (std::size_t i = 0; i < kKnown; ++i) {
        if (auto broken = broken_rule(kFields[i], known[i])) failures.push_back(*std::move(broken));
    }
    if (!failures.empty()) return Refusal{Reason::field, invalid(std::move(failures))};
    Decoded decoded;
    read_event(*members, decoded.add(0));
    return decoded;
}

std::string echo(const Event& event, std::string) { return http::to_text(http::Json(event.event_id)); }

http::Response reply(const Outcome& outcome) {
    return {.body = R"({"status":"success","eventId":)" + outcome.echo + "}"};
}

http::Response deny(const meta::Denial& denial, std::int64_t) {
    switch (const int status = meta::status_of(denial); status) {
        case 401:
            return problem(status, "Unauthorized",
                           {failure("X-API-Key", "missing or invalid API key", "auth.invalid")});
        case 429: return problem(status, "Rate limit exceeded");
        default: return problem(status, "Forbidden", {failure("X-API-Key", meta::text_of(denial), "auth.forbidden")});
    }
}

http::Response refuse(Problem what, std::int64_t) {
    switch (what) {
        case Problem::bad_request: return problem(400, "Bad request");
        case Problem::not_found: return problem(404, "Not found");
        case Problem::method_not_allowed: return problem(405, "Method not allowed");
        case Problem::too_large: return problem(413, "Request body too large");
        case Problem::content_type:
            return invalid({failure("Content-Type", "must be application/json", "validation.content_type")});
        case Problem::content_encoding: return problem(415, "Unsupported content encoding");
        case Problem::damaged_gzip: return invalid({failure("body", "must be valid gzip", "validation.encoding")});
        case Problem::unavailable: return problem(503, "Service unavailable");
        case Problem::internal: return problem(500, "Internal server error");
    }
    return problem(500, "Internal server error");
}

std::string rejection(Reason) { return "event kind not allowed for this API key"; }

constexpr Endpoint kEndpoints[] = {
    {.pattern = "/ingest",
     .summary = "Stores one event",
     .request = R"({"event_id":"evt-1001","event_type":"interaction","event_name":"button_click","user_id":"user-42",
        "session_id":"session-7","page_name":"checkout","event_time":"2026-03-05T12:00:00Z","device_type":"mobile",
        "platform":"ios","app_version":"2.4.1"})",
     .answer = R"({"status":"success","eventId":"evt-1001"})"}};

}  // namespace

constinit const Dialect kIngest = {
    .id = model::DialectId::ingest,
    .endpoints = kEndpoints,
    .credential = meta::KeyPlace::x_api_key,
    .traffic = meta::Traffic::event_ingest,
    .content_type = ContentTypeRule::json_when_sent,
    .all_or_nothing = true,
    .decode = decode,
    .echo = echo,
    .reply = reply,
    .deny = deny,
    .refuse = refuse,
    .rejection = rejection,
};

}  // namespace collector::ingest
