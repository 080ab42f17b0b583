// Shared dashboards: who makes them, and for whom.
#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "http/members.hpp"
#include "meta/shares.hpp"
#include "model/module.hpp"
#include "query/definitions/routes.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::NewShare;
using meta::Project;
using meta::Share;
using meta::Shares;

constexpr const char* kDefaultName = "Shared Dashboard";

Json to_json(const Share& share) {
    return {{"id", share.id},
            {"name", share.name},
            {"token", share.token},
            {"modules", share.modules},
            {"has_password", !share.password_hash.empty()},
            {"expires_at", share.expires_ms ? Json(pulsekit::date_time_text(*share.expires_ms)) : Json()},
            {"created_at", pulsekit::date_time_text(share.created_ms)}};
}

std::optional<Response> read_modules(const Json& body, NewShare& share) {
    const auto* names = http::member_of(body, "modules");
    if (!names) return std::nullopt;
    const auto wrong = http::invalid_field("modules", "an array of module names");
    if (!names->is_array()) return wrong;
    for (const auto& item : *names) {
        const auto* name = item.get_ptr<const std::string*>();
        if (!name || !model::module_named(*name)) return wrong;
        if (std::find(share.modules.begin(), share.modules.end(), *name) == share.modules.end()) {
            share.modules.push_back(*name);
        }
    }
    return std::nullopt;
}

/// What the value of a header cannot carry could never be given.
bool fits_header(const std::string& password) {
    const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    return password.empty() || (password.front() != ' ' && password.back() != ' ' &&
                                std::none_of(password.begin(), password.end(), is_control));
}

std::optional<Response> read_password(const Json& body, NewShare& share) {
    auto password = http::optional_text(body, "password");
    if (auto* refused = std::get_if<Response>(&password)) return std::move(*refused);
    share.password = std::get<std::string>(std::move(password));
    if (fits_header(share.password)) return std::nullopt;
    return http::invalid_field("password", "without control characters, and without a space at either end");
}

std::optional<Response> read_expiry(const Json& body, NewShare& share) {
    const auto* found = http::member_of(body, "expires_at");
    const auto* text = found ? found->get_ptr<const std::string*>() : nullptr;
    if (!found || (text && text->empty())) return std::nullopt;
    if (text) share.expires_ms = pulsekit::parse_date_time(*text);
    if (!share.expires_ms) return http::invalid_field("expires_at", "a valid ISO 8601 date-time or null");
    return std::nullopt;
}

Response create(Shares& shares, Request& request, const Project& project) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto& members = std::get<Json>(body);
    auto name = http::optional_text(members, "name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    NewShare share;
    share.name = std::get<std::string>(std::move(name));
    if (share.name.empty()) share.name = kDefaultName;
    for (const auto read : {read_modules, read_password, read_expiry}) {
        if (auto refused = read(members, share)) return *std::move(refused);
    }
    const auto made = shares.create(project.id, share);
    return made ? answered(201, to_json(*made)) : http::failed(made.error());
}

Response list(const Shares& shares, const Project& project) {
    const auto found = shares.shares(project.id);
    if (!found) return http::failed(found.error());
    auto data = Json::array();
    for (const auto& share : *found) data.push_back(to_json(share));
    return answered(200, {{"data", std::move(data)}});
}

Response erase(Shares& shares, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto erased = shares.erase(project.id, id);
    return erased ? Response{.status = 204} : refused(erased.error(), "Shared dashboard", id);
}

}  // namespace

std::vector<http::Route> share_routes(meta::Access& access, const Sources& sources) {
    auto& shares = sources.shares;
    const auto route = [&](const DefinitionRoute& told, Serve serve) {
        return definition_route(told, "sharing", access, sources, std::move(serve));
    };
    constexpr std::string_view kAll = "/api/v1/sharing";
    const std::string wanted =
        R"({"name":"Board","modules":["pageviews","funnels"],"password":"open sesame","expires_at":null})";
    const std::string share =
        R"({"id":"d1e2f3a4","name":"Board","token":"Q1x8uG2n_T0bWm4yK7cJr5VhZs9PdLfA",
        "modules":["pageviews","funnels"],"has_password":true,"expires_at":null,"created_at":"2026-03-01T10:00:00Z"})";
    return {
        route({"POST", kAll, "Shares reports with whoever has the token that is answered", wanted, share, 201},
              [&shares](Request& request, const Project& project) { return create(shares, request, project); }),
        route({"GET", kAll, "Lists the shared dashboards", {}, R"({"data":[)" + share + "]}"},
              [&shares](Request&, const Project& project) { return list(shares, project); }),
        route({"DELETE", "/api/v1/sharing/{id}", "Ends a shared dashboard", {}, {}, 204},
              [&shares](Request& request, const Project& project) { return erase(shares, request, project); }),
    };
}

}  // namespace collector::query
