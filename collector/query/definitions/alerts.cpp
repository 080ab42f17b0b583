// Alerts: which number is watched, when it is too much or too little, and who is told.
#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "http/members.hpp"
#include "outbound/addresses.hpp"
#include "outbound/reach.hpp"
#include "query/definitions/routes.hpp"
#include "query/metrics.hpp"
#include "query/routes.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::Alert;
using meta::AlertChange;
using meta::AlertChannel;
using meta::AlertRule;
using meta::Alerts;
using meta::Project;

constexpr std::size_t kMaxChannels = 20;
constexpr std::int64_t kMaxMinutes = 43'200;  // 30 days

constexpr const char* kRequired[] = {"name", "module", "metric", "operator"};

Json channels_json(const AlertRule& rule) {
    auto channels = Json::array();
    for (const auto& channel : rule.channels) {
        const bool is_webhook = channel.type == AlertChannel::Type::webhook;
        channels.push_back({{"type", meta::name_of(channel.type)}, {is_webhook ? "url" : "address", channel.target}});
    }
    return channels;
}

Json to_json(const Alert& alert) {
    const auto& rule = alert.rule;
    return {
        {"id", alert.id},
        {"name", rule.name},
        {"module", rule.module},
        {"metric", rule.metric},
        {"operator", meta::name_of(rule.compared)},
        {"threshold", number(rule.threshold)},
        {"window_minutes", rule.window_minutes},
        {"cooldown_minutes", rule.cooldown_minutes},
        {"notify_channels", channels_json(rule)},
        {"enabled", alert.enabled},
        {"last_triggered", alert.last_triggered_ms ? Json(pulsekit::date_time_text(*alert.last_triggered_ms)) : Json()},
        {"created_at", pulsekit::date_time_text(alert.created_ms)}};
}

std::variant<AlertChannel, Response> read_channel(const Json& item, const std::string& called, outbound::Reach reach) {
    if (!item.is_object()) return http::invalid_field(called, "an object");
    const auto type_name = http::required_text(item, "type", http::kMaxNameLength, called + ".type");
    if (const auto* refused = std::get_if<Response>(&type_name)) return *refused;
    const auto type = meta::channel_type_named(std::get<std::string>(type_name));
    if (!type) return http::invalid_field(called + ".type", "one of 'webhook' or 'email'");
    const bool is_webhook = *type == AlertChannel::Type::webhook;
    const std::string_view member = is_webhook ? "url" : "address";
    const auto place = called + "." + std::string(member);
    auto read = http::required_text(item, member, outbound::kMaxUrlLength, place);
    if (auto* refused = std::get_if<Response>(&read)) return std::move(*refused);
    auto& target = std::get<std::string>(read);
    if (is_webhook) {
        if (const auto rule = outbound::broken_rule(reach, target); !rule.empty())
            return http::invalid_field(place, rule);
    }
    if (!is_webhook && !outbound::is_email_address(target)) return http::invalid_field(place, "an e-mail address");
    return AlertChannel{.type = *type, .target = std::move(target)};
}

std::variant<std::vector<AlertChannel>, Response> read_channels(const Json& items, outbound::Reach reach) {
    if (!items.is_array() || items.size() > kMaxChannels) {
        return http::invalid_field("notify_channels",
                                   "an array of at most " + std::to_string(kMaxChannels) + " channels");
    }
    std::vector<AlertChannel> channels;
    for (const auto& item : items) {
        auto channel = read_channel(item, "notify_channels[" + std::to_string(channels.size()) + "]", reach);
        if (auto* refused = std::get_if<Response>(&channel)) return std::move(*refused);
        channels.push_back(std::get<AlertChannel>(std::move(channel)));
    }
    return channels;
}

/// Absent is no refusal.
std::optional<Response> read_minutes(const Json& body, std::string_view name, std::int64_t least,
                                     std::optional<std::int64_t>& minutes) {
    const auto* member = http::member_of(body, name);
    if (!member) return std::nullopt;
    const double value = member->is_number() ? member->get<double>() : -1;
    if (!(value >= static_cast<double>(least) && value <= kMaxMinutes) || std::trunc(value) != value) {
        return http::invalid_field(name,
                                   "an integer from " + std::to_string(least) + " to " + std::to_string(kMaxMinutes));
    }
    minutes = static_cast<std::int64_t>(value);
    return std::nullopt;
}

/// What is wrong with the two together.
std::optional<Response> refuse_metric(std::string_view module, std::string_view metric) {
    if (metric_named(module, metric)) return std::nullopt;
    std::string known;
    for (const auto& one : metrics()) {
        if (one.module == module) known += (known.empty() ? "one of '" : ", '") + std::string(one.name) + "'";
    }
    const auto of = " of module '" + std::string(module) + "'";
    return http::invalid_field("metric", known.empty() ? "a metric" + of + ", which has none" : known + of);
}

/// A text that is there and not empty.
std::optional<Response> read_text(const Json& body, std::string_view name, std::optional<std::string>& text) {
    auto read = http::optional_text(body, name);
    if (auto* refused = std::get_if<Response>(&read)) return std::move(*refused);
    if (!std::get<std::string>(read).empty()) text = std::get<std::string>(std::move(read));
    return std::nullopt;
}

std::optional<Response> read_condition(const Json& body, AlertChange& change) {
    std::optional<std::string> compared;
    if (auto refused = read_text(body, "operator", compared)) return refused;
    if (compared && !(change.compared = meta::operator_named(*compared))) {
        return http::invalid_field("operator", "one of 'gt', 'lt', 'gte', 'lte' or 'eq'");
    }
    const auto* threshold = http::member_of(body, "threshold");
    if (!threshold) return std::nullopt;
    if (!threshold->is_number()) return http::invalid_field("threshold", "a number");
    change.threshold = threshold->get<double>();
    return std::nullopt;
}

/// The members that are there, each by itself as it must be, and a metric as its module has it.
std::variant<AlertChange, Response> read_change(const Json& body, outbound::Reach reach) {
    AlertChange change;
    if (auto refused = read_text(body, "name", change.name)) return *std::move(refused);
    if (auto refused = read_text(body, "module", change.module)) return *std::move(refused);
    if (change.module && !model::module_named(*change.module)) {
        return http::invalid_field("module", "the name of a module");
    }
    if (auto refused = read_text(body, "metric", change.metric)) return *std::move(refused);
    if (change.module && change.metric) {
        if (auto refused = refuse_metric(*change.module, *change.metric)) return *std::move(refused);
    }
    if (auto refused = read_condition(body, change)) return *std::move(refused);
    if (auto refused = read_minutes(body, "window_minutes", 1, change.window_minutes)) return *std::move(refused);
    if (auto refused = read_minutes(body, "cooldown_minutes", 0, change.cooldown_minutes)) return *std::move(refused);
    if (const auto* items = http::member_of(body, "notify_channels")) {
        auto channels = read_channels(*items, reach);
        if (auto* refused = std::get_if<Response>(&channels)) return std::move(*refused);
        change.channels = std::get<std::vector<AlertChannel>>(std::move(channels));
    }
    return change;
}

bool is_empty(const AlertChange& change) {
    return !change.name && !change.module && !change.metric && !change.compared && !change.threshold &&
           !change.window_minutes && !change.cooldown_minutes && !change.channels;
}

Response create(Alerts& alerts, outbound::Reach reach, Request& request, const Project& project) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto& object = std::get<Json>(body);
    for (const char* name : kRequired) {
        const auto text = http::required_text(object, name);
        if (const auto* refused = std::get_if<Response>(&text)) return *refused;
    }
    if (!http::member_of(object, "threshold")) return http::missing_field("threshold");
    const auto wanted = read_change(object, reach);
    if (const auto* refused = std::get_if<Response>(&wanted)) return *refused;
    AlertRule rule;
    meta::apply(std::get<AlertChange>(wanted), rule);
    const auto made = alerts.create(project.id, std::move(rule));
    return made ? answered(201, to_json(*made)) : http::failed(made.error());
}

Response list(const Alerts& alerts, const Project& project) {
    const auto found = alerts.alerts(project.id);
    if (!found) return http::failed(found.error());
    auto data = Json::array();
    for (const auto& alert : *found) data.push_back(to_json(alert));
    return answered(200, {{"data", std::move(data)}});
}

Response change(Alerts& alerts, outbound::Reach reach, Request& request, const Project& project) {
    const std::string id(request.path_value("id"));
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    auto read = read_change(std::get<Json>(body), reach);
    if (auto* refused = std::get_if<Response>(&read)) return std::move(*refused);
    auto& wanted = std::get<AlertChange>(read);
    if (is_empty(wanted)) {
        return http::plain_error(400,
                                 "Invalid request body: expected 'name', 'module', 'metric', 'operator', 'threshold', "
                                 "'window_minutes', 'cooldown_minutes' or 'notify_channels'.");
    }
    if (wanted.module.has_value() != wanted.metric.has_value()) {
        const auto present = alerts.alert(project.id, id);
        if (!present) return refused(present.error(), "Alert", id);
        // Both are written, so that two changes at once leave no pair that does not go together.
        if (!wanted.module) wanted.module = present->rule.module;
        if (!wanted.metric) wanted.metric = present->rule.metric;
        if (auto refused = refuse_metric(*wanted.module, *wanted.metric)) return *std::move(refused);
    }
    const auto changed = alerts.change(project.id, id, wanted);
    return changed ? answered(200, to_json(*changed)) : refused(changed.error(), "Alert", id);
}

Response toggle(Alerts& alerts, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto toggled = alerts.toggle(project.id, id);
    if (!toggled) return refused(toggled.error(), "Alert", id);
    return answered(200, {{"id", toggled->id}, {"enabled", toggled->enabled}});
}

Response erase(Alerts& alerts, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto erased = alerts.erase(project.id, id);
    return erased ? Response{.status = 204} : refused(erased.error(), "Alert", id);
}

}  // namespace

std::vector<http::Route> alert_routes(meta::Access& access, const Sources& sources, Alerts& alerts,
                                      outbound::Reach reach) {
    const auto route = [&](const DefinitionRoute& told, Serve serve) {
        return definition_route(told, "alerts", access, sources, std::move(serve));
    };
    constexpr std::string_view kAll = "/api/v1/alerts";
    constexpr std::string_view kOne = "/api/v1/alerts/{id}";
    const std::string wanted = R"("name":"Error Spike Alert","module":"error_tracking","metric":"error_count",
        "operator":"gt","threshold":50,"window_minutes":15,"cooldown_minutes":60,"notify_channels":[
        {"type":"webhook","url":"https://hooks.example.com/T00/B00"},{"type":"email","address":"ops@example.com"}])";
    const std::string alert = R"({"id":"0195f4a1-7c00-7000-8000-000000000003",)" + wanted +
                              R"(,"enabled":true,"last_triggered":null,"created_at":"2026-03-22T14:30:00Z"})";
    return {
        route({"POST", kAll, "Creates an alert", "{" + wanted + "}", alert, 201},
              [&alerts, reach](Request& request, const Project& project) {
                  return create(alerts, reach, request, project);
              }),
        route({"GET", kAll, "Lists the alerts", {}, R"({"data":[)" + alert + "]}"},
              [&alerts](Request&, const Project& project) { return list(alerts, project); }),
        route({"PUT", kOne, "Changes some of an alert", "{" + wanted + "}", alert},
              [&alerts, reach](Request& request, const Project& project) {
                  return change(alerts, reach, request, project);
              }),
        route({"DELETE", kOne, "Deletes an alert", {}, {}, 204},
              [&alerts](Request& request, const Project& project) { return erase(alerts, request, project); }),
        route({"POST",
               "/api/v1/alerts/{id}/toggle",
               "Switches an alert off, or on again",
               {},
               R"({"id":"0195f4a1-7c00-7000-8000-000000000003","enabled":false})"},
              [&alerts](Request& request, const Project& project) { return toggle(alerts, request, project); }),
    };
}

}  // namespace collector::query
