// A project's webhooks: where it is told of spikes, silence and each day, and what came of it.
#include <algorithm>
#include <utility>

#include "admin/deliveries.hpp"
#include "admin/routes.hpp"
#include "http/members.hpp"
#include "outbound/addresses.hpp"
#include "outbound/channels/webhook.hpp"
#include "support/ids.hpp"
#include "support/time_text.hpp"

namespace collector::admin {
namespace {

using meta::Webhook;
using meta::WebhookChange;
using meta::WebhookEvent;

constexpr const char* kEventsRule = "a non-empty array of 'traffic_spike', 'zero_traffic' or 'daily_summary'";

http::Json to_json(const Webhook& webhook) {
    auto events = http::Json::array();
    for (const auto event : webhook.events) events.push_back(meta::name_of(event));
    return {{"id", webhook.id},
            {"url", webhook.url},
            {"events", std::move(events)},
            {"created_at", pulsekit::date_time_text(webhook.created_ms)}};
}

http::Response answered(int status, const Webhook& webhook) {
    return {.status = status, .body = http::to_text(to_json(webhook))};
}

std::optional<http::Response> read_url(const Admin& admin, const http::Json& body, WebhookChange& change) {
    auto url = http::optional_text(body, "url", outbound::kMaxUrlLength);
    if (auto* refused = std::get_if<http::Response>(&url)) return std::move(*refused);
    auto& text = std::get<std::string>(url);
    if (text.empty()) return std::nullopt;
    if (const auto rule = outbound::broken_rule(admin.reach, text); !rule.empty())
        return http::invalid_field("url", rule);
    change.url = std::move(text);
    return std::nullopt;
}

std::optional<http::Response> read_events(const Admin&, const http::Json& body, WebhookChange& change) {
    const auto* items = http::member_of(body, "events");
    if (!items) return std::nullopt;
    if (!items->is_array() || items->empty()) return http::invalid_field("events", kEventsRule);
    change.events.emplace();
    for (const auto& item : *items) {
        const auto* name = item.get_ptr<const std::string*>();
        const auto event = name ? meta::webhook_event_named(*name) : std::nullopt;
        if (!event) return http::invalid_field("events", kEventsRule);
        auto& events = *change.events;
        if (std::find(events.begin(), events.end(), *event) == events.end()) events.push_back(*event);
    }
    return std::nullopt;
}

/// Null and the empty text take the secret away.
std::optional<http::Response> read_secret(const Admin&, const http::Json& body, WebhookChange& change) {
    if (!body.contains("secret")) return std::nullopt;
    auto secret = http::optional_text(body, "secret");
    if (auto* refused = std::get_if<http::Response>(&secret)) return std::move(*refused);
    change.secret = std::get<std::string>(std::move(secret));
    return std::nullopt;
}

/// The members that are there.
std::variant<WebhookChange, http::Response> read_change(const Admin& admin, http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    WebhookChange change;
    for (const auto read : {read_url, read_events, read_secret}) {
        if (auto refused = read(admin, std::get<http::Json>(body), change)) return *std::move(refused);
    }
    return change;
}

http::Response refused(const pulsekit::Error& error, std::string_view what, std::string_view id) {
    return error.code == pulsekit::ErrorCode::not_found ? http::not_found(what, id) : http::failed(error);
}

/// The project's webhook that the path names, or the refusal.
std::variant<Webhook, http::Response> find(const Admin& admin, const http::Request& request) {
    const auto project_id = request.path_value("id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const auto id = request.path_value("webhook_id");
    auto found = admin.webhooks.find(project_id, id);
    if (!found) return refused(found.error(), "Webhook", id);
    return *std::move(found);
}

http::Response create(Admin& admin, http::Request& request) {
    auto read = read_change(admin, request);
    if (auto* refused = std::get_if<http::Response>(&read)) return std::move(*refused);
    auto& change = std::get<WebhookChange>(read);
    if (!change.url) return http::missing_field("url");
    if (!change.events) return http::missing_field("events");
    const std::string project_id(request.path_value("id"));
    const auto created = admin.webhooks.create({.id = {},
                                                .project_id = project_id,
                                                .url = *std::move(change.url),
                                                .events = *std::move(change.events),
                                                .secret = std::move(change.secret).value_or("")});
    return created ? answered(201, *created) : refused(created.error(), "Project", project_id);
}

http::Response list(Admin& admin, const http::Request& request) {
    const auto project_id = request.path_value("id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const auto webhooks = admin.webhooks.list(project_id);
    if (!webhooks) return http::failed(webhooks.error());
    auto data = http::Json::array();
    for (const auto& webhook : *webhooks) data.push_back(to_json(webhook));
    return {.body = http::to_text({{"data", std::move(data)}})};
}

http::Response change(Admin& admin, http::Request& request) {
    const auto read = read_change(admin, request);
    if (const auto* refused = std::get_if<http::Response>(&read)) return *refused;
    const auto& change = std::get<WebhookChange>(read);
    if (!change.url && !change.events && !change.secret) {
        return http::plain_error(400, "Invalid request body: expected 'url', 'events' or 'secret'.");
    }
    const auto project_id = request.path_value("id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const auto id = request.path_value("webhook_id");
    const auto changed = admin.webhooks.change(project_id, id, change);
    return changed ? answered(200, *changed) : refused(changed.error(), "Webhook", id);
}

http::Response erase(Admin& admin, const http::Request& request) {
    const auto project_id = request.path_value("id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const auto id = request.path_value("webhook_id");
    const auto erased = admin.webhooks.erase(project_id, id);
    return erased ? http::Response{.status = 204} : refused(erased.error(), "Webhook", id);
}

/// Sent at once and past the outbox: whoever asks waits for what comes of it.
http::Response test(Admin& admin, const http::Request& request) {
    const auto found = find(admin, request);
    if (const auto* refused = std::get_if<http::Response>(&found)) return *refused;
    const auto& webhook = std::get<Webhook>(found);
    const auto now = admin.clock.unix_ms();
    const outbound::Kept kept{
        .id = pulsekit::UuidGenerator(admin.random).next(now).text(),
        .message = {.project_id = webhook.project_id,
                    .channel = outbound::Channel::subscription,
                    .target = webhook.id,
                    .event = "test",
                    .body = outbound::envelope("test", webhook.project_id, now, {{"webhook_id", webhook.id}})},
        .created_ms = now,
        .next_ms = now};
    outbound::Poster poster(admin.reach, [&admin] { return !admin.stop.stop_requested(); });
    const auto attempt = outbound::attempt_of(outbound::post_envelope(poster, webhook.url, webhook.secret, kept));
    if (auto noted = admin.outbox.note(kept, attempt); !noted) {
        admin.log("the test of webhook " + webhook.id + " is not in its log: " + noted.error().message);
    }
    http::Json body{{"success", attempt.outcome == outbound::Attempt::Outcome::delivered},
                    {"status_code", attempt.status},
                    {"response_time_ms", attempt.took_ms}};
    if (attempt.status == 0) body["error"] = attempt.error;
    return {.body = http::to_text(body)};
}

http::Response deliveries(Admin& admin, const http::Request& request) {
    const auto found = find(admin, request);
    if (const auto* refused = std::get_if<http::Response>(&found)) return *refused;
    auto listing = read_listing(request);
    if (auto* refused = std::get_if<http::Response>(&listing)) return std::move(*refused);
    auto& wanted = std::get<outbound::Listing>(listing);
    wanted.project_id = std::get<Webhook>(found).project_id;
    wanted.target = std::get<Webhook>(found).id;
    const auto page = page_of(admin.outbox, wanted, delivery_json);
    return page ? http::Response{.body = http::to_text(*page)} : http::failed(page.error());
}

}  // namespace

std::vector<http::Route> webhook_routes(Admin& admin) {
    const std::string all = "/api/admin/projects/{id}/webhooks";
    const std::string one = all + "/{webhook_id}";
    const std::string webhook =
        R"({"id":"0195f4a1-7c00-7000-8000-00000000000a","url":"https://hooks.example.com/pulse",)"
        R"("events":["traffic_spike","daily_summary"],"created_at":"2026-03-01T09:00:00Z"})";
    const std::string wanted = R"({"url":"https://hooks.example.com/pulse","events":["traffic_spike","daily_summary"],)"
                               R"("secret":"whsec_2b7e"})";
    return {
        guarded(admin, "POST", all, "Subscribes an address to what happens in a project",
                {.request = wanted, .answer = webhook, .status = 201},
                [&admin](http::Request& request) { return create(admin, request); }),
        guarded(admin, "GET", all, "Lists a project's webhooks, oldest first",
                {.answer = R"({"data":[)" + webhook + "]}"},
                [&admin](http::Request& request) { return list(admin, request); }),
        guarded(admin, "PUT", one, "Changes the members of a webhook that are there",
                {.request = R"({"events":["daily_summary"]})", .answer = webhook},
                [&admin](http::Request& request) { return change(admin, request); }),
        guarded(admin, "DELETE", one, "Deletes a webhook, and what waits to be sent to it", {.status = 204},
                [&admin](http::Request& request) { return erase(admin, request); }),
        guarded(admin, "POST", one + "/test", "Sends a test event to a webhook and waits for the answer",
                {.answer = R"({"success":false,"status_code":0,"response_time_ms":12,)"
                           R"("error":"Could not resolve host: hooks.example.com"})"},
                [&admin](http::Request& request) { return test(admin, request); }),
        guarded(admin, "GET", one + "/deliveries", "Lists what was sent to a webhook in the last week, newest first",
                {.answer = R"({"data":[)" + std::string(kDeliveryExample) + R"(],"next_before":null})",
                 .parameters = listing_parameters()},
                [&admin](http::Request& request) { return deliveries(admin, request); }),
    };
}

}  // namespace collector::admin
