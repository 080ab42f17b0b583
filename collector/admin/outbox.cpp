// What waits to leave the collector, what has left it, and what could not.
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "admin/deliveries.hpp"
#include "admin/routes.hpp"
#include "http/members.hpp"
#include "http/route.hpp"
#include "support/time_text.hpp"

namespace collector::admin {
namespace {

using outbound::Kept;
using outbound::Listing;

constexpr std::int64_t kMaxLimit = 1000;

http::Json message_json(const Kept& kept) {
    http::Json json{{"id", kept.id},
                    {"project_id", kept.message.project_id},
                    {"channel", name_of(kept.message.channel)},
                    {"target", kept.message.target}};
    json.update(delivery_json(kept));
    return json;
}

http::Json instant(std::int64_t unix_ms) {
    return unix_ms == 0 ? http::Json(nullptr) : http::Json(pulsekit::date_time_text(unix_ms));
}

http::Json forwarding_json(const outbound::ForwardingState& state) {
    auto dropped = http::Json::object();
    for (std::size_t i = 0; i < outbound::kDrops; ++i) {
        if (state.dropped[i] > 0) dropped[std::string(name_of(static_cast<outbound::Drop>(i)))] = state.dropped[i];
    }
    return {{"provider", state.provider},
            {"lag_events", state.lag_events},
            {"lag_seconds", std::llround(state.lag_seconds)},
            {"forwarded", state.forwarded},
            {"skipped", state.skipped},
            {"dropped", std::move(dropped)},
            {"failures", state.failures},
            {"error", state.last_error.empty() ? http::Json(nullptr) : http::Json(state.last_error)},
            {"next_attempt_at", instant(state.next_try_ms)}};
}

http::Response list(Admin& admin, const http::Request& request) {
    auto listing = read_listing(request);
    if (auto* refused = std::get_if<http::Response>(&listing)) return std::move(*refused);
    auto& wanted = std::get<Listing>(listing);
    if (const auto project_id = request.parameter("project_id")) wanted.project_id = std::string(*project_id);
    auto page = page_of(admin.outbox, wanted, message_json);
    if (!page) return http::failed(page.error());
    auto forwarding = http::Json::array();
    for (const auto& state : admin.forwarding()) forwarding.push_back(forwarding_json(state));
    (*page)["forwarding"] = std::move(forwarding);
    return {.body = http::to_text(*page)};
}

http::Response replay(Admin& admin, const http::Request& request) {
    const auto id = request.path_value("message_id");
    const auto kept = admin.outbox.replay(id);
    if (kept) return {.body = http::to_text(message_json(*kept))};
    return kept.error().code == pulsekit::ErrorCode::not_found ? http::not_found("Message", id)
                                                               : http::failed(kept.error());
}

}  // namespace

std::variant<Listing, http::Response> read_listing(const http::Request& request) {
    Listing listing;
    if (const auto text = request.parameter("status")) {
        listing.state = outbound::state_named(*text);
        if (!listing.state) return http::bad_value("status", "must be one of 'pending', 'delivered' or 'failed'");
    }
    if (const auto text = request.parameter("before")) listing.before = std::string(*text);
    auto limit = http::limit_of(request, listing.limit, kMaxLimit);
    if (auto* refused = std::get_if<http::Response>(&limit)) return std::move(*refused);
    listing.limit = std::get<std::int64_t>(limit);
    return listing;
}

pulsekit::Result<http::Json> page_of(const outbound::Outbox& outbox, Listing wanted,
                                     http::Json (*shown)(const Kept& kept)) {
    const auto limit = static_cast<std::size_t>(wanted.limit++);  // one more tells whether there is more
    auto kept = outbox.list(wanted);
    if (!kept) return std::move(kept).error();
    const bool more = kept->size() > limit;
    if (more) kept->pop_back();
    auto data = http::Json::array();
    for (const auto& one : *kept) data.push_back(shown(one));
    return http::Json{{"data", std::move(data)},
                      {"next_before", more ? http::Json(kept->back().id) : http::Json(nullptr)}};
}

std::vector<http::DocumentedParameter> listing_parameters() {
    return {{.name = "status",
             .summary = "Only those that wait, that were delivered or that were given up",
             .one_of = {"pending", "delivered", "failed"}},
            {.name = "before", .summary = "The `next_before` of the page before"},
            {.name = "limit",
             .summary = "How many, at most 1000",
             .type = http::DocumentedParameter::Type::integer,
             .otherwise = "100",
             .example = "100"}};
}

http::Json delivery_json(const Kept& kept) {
    const auto instant = [](const std::optional<std::int64_t>& unix_ms) -> http::Json {
        return unix_ms ? http::Json(pulsekit::date_time_text(*unix_ms)) : http::Json(nullptr);
    };
    const bool waits = kept.state == outbound::State::pending;
    return {{"id", kept.id},
            {"event", kept.message.event},
            {"status", name_of(kept.state)},
            {"attempts", kept.attempts},
            {"status_code", kept.last_attempt_ms ? http::Json(kept.last_status) : http::Json(nullptr)},
            {"response_time_ms", kept.last_attempt_ms ? http::Json(kept.last_took_ms) : http::Json(nullptr)},
            {"error", kept.error.empty() ? http::Json(nullptr) : http::Json(kept.error)},
            {"created_at", instant(kept.created_ms)},
            {"last_attempt_at", instant(kept.last_attempt_ms)},
            {"next_attempt_at", waits ? instant(kept.next_ms) : http::Json(nullptr)}};
}

std::vector<http::Route> outbox_routes(Admin& admin) {
    const std::string message = R"({"id":"0195f4a1-7c00-7000-8000-00000000000b","project_id":"7f3e8a2c",)"
                                R"("channel":"subscription","target":"0195f4a1-7c00-7000-8000-00000000000a",)" +
                                std::string(kDeliveryExample.substr(kDeliveryExample.find("\"event\"")));
    auto parameters = listing_parameters();
    parameters.insert(parameters.begin(), {.name = "project_id", .summary = "Only of this project"});
    return {
        guarded(
            admin, "GET", "/api/admin/outbox",
            "Lists the messages to webhooks and by e-mail of the last week, newest first, and how forwarding goes",
            {.answer =
                 R"({"data":[)" + message +
                 R"(],"next_before":null,"forwarding":[{"provider":"amplitude","lag_events":0,)"
                 R"("lag_seconds":0,"forwarded":4002,"skipped":0,"dropped":{"too_old":2},"failures":0,"error":null,)"
                 R"("next_attempt_at":null}]})",
             .parameters = std::move(parameters)},
            [&admin](http::Request& request) { return list(admin, request); }),
        guarded(admin, "POST", "/api/admin/outbox/{message_id}/replay",
                "Sends a message again, whatever came of it before", {.answer = message},
                [&admin](http::Request& request) { return replay(admin, request); })};
}

}  // namespace collector::admin
