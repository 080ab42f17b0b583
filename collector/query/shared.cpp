#include "query/shared.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "http/json.hpp"
#include "http/members.hpp"
#include "meta/share_lock.hpp"
#include "query/document.hpp"

namespace collector::query {

extern const Module kStats;

namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::Access;
using meta::Grant;
using meta::Project;
using meta::Share;
using meta::ShareLock;

constexpr const char* kPasswordHeader = "X-Share-Password";
constexpr std::string_view kApi = "/api/v1";
constexpr std::string_view kDashboard = "/api/v1/shared/{token}";

/// What the routes share: the lock knows who has tried passwords at any of them.
struct Entrance {
    Entrance(Access& who, const Sources& what, pulsekit::Random& random)
        : access(who), sources(what), lock(what.clock, random) {}

    Access& access;
    const Sources sources;
    ShareLock lock;
};

struct Admitted {
    Share share;
    Grant grant;
};

Response later(int status, const std::string& text, int seconds) {
    auto response = http::plain_error(
        status, text + " Retry after " + std::to_string(seconds) + (seconds == 1 ? " second." : " seconds."));
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
}

Response unknown() { return http::plain_error(404, "Shared dashboard not found."); }

/// Nothing: the request has the password, if there is one.
std::optional<Response> locked_out(Entrance& entrance, const Request& request, const Share& share) {
    if (share.password_hash.empty()) return std::nullopt;
    const auto password = request.header(kPasswordHeader).value_or("");
    if (password.empty()) return http::plain_error(401, "Missing password. Provide it via X-Share-Password header.");
    const auto& client_of = entrance.sources.client_of;
    const auto verdict =
        entrance.lock.try_password(share, password, client_of ? client_of(request) : request.remote_address);
    if (!verdict) return http::failed(verdict.error());
    switch (verdict->what) {
        case ShareLock::Verdict::What::right: return std::nullopt;
        case ShareLock::Verdict::What::wrong: return http::plain_error(401, "Invalid password.");
        case ShareLock::Verdict::What::too_often:
            return later(429, "Too many wrong passwords.", verdict->retry_after_s);
        case ShareLock::Verdict::What::busy: return later(503, "Service unavailable.", verdict->retry_after_s);
    }
    return http::plain_envelope(500);
}

std::variant<Admitted, Response> admit(Entrance& entrance, const Request& request) {
    auto share = entrance.sources.shares.with_token(request.path_value("token"));
    if (!share) return share.error().code == pulsekit::ErrorCode::not_found ? unknown() : http::failed(share.error());
    if (auto refused = locked_out(entrance, request, *share)) return *std::move(refused);
    // A bucket of its own: who looks at a dashboard keeps no key of the project waiting.
    auto admitted = entrance.access.admit_without_key(share->project_id, meta::Traffic::query, "share " + share->id);
    if (const auto* denial = std::get_if<meta::Denial>(&admitted)) {
        return denial->why == meta::Denial::Why::rate_limited ? meta::response_to(*denial) : unknown();
    }
    auto& grant = std::get<Grant>(admitted);
    if (const auto denial = Access::module_allows(grant, "sharing", model::ModuleAccess::read))
        return meta::response_to(*denial);
    return Admitted{*std::move(share), std::move(grant)};
}

std::string_view module_of(const Module& report) { return report.gate.empty() ? report.key_module : report.gate; }

/// A share that names no modules shows the core reports.
bool shows(const Share& share, const Module& report) {
    if (share.modules.empty()) return report.gate.empty();
    const auto module = module_of(report);
    return std::find(share.modules.begin(), share.modules.end(), module) != share.modules.end();
}

/// Whoever has the token must not be able to ask for a person whose id he knows.
bool asks_for_a_person(const Request& request) {
    const auto filters = request.parameters("filter");
    return std::any_of(filters.begin(), filters.end(), [](std::string_view filter) {
        return filter.starts_with("user_id:") || filter.starts_with("trait.");
    });
}

Response report(const Module& module, const Request& request, const Sources& sources, const Project& project) {
    if (asks_for_a_person(request)) {
        return http::plain_error(400, bad_value("filter", "shared reports take no 'user_id' and no traits").message);
    }
    return answer(module, request, sources, project);
}

Response dashboard(const Request& request, const Sources& sources, const Admitted& admitted) {
    auto response = report(kStats, request, sources, *admitted.grant.project);
    if (response.status != 200) return response;
    response.body = http::to_text({{"name", admitted.share.name},
                                   {"modules", admitted.share.modules},
                                   {"stats", http::parse_json(response.body).value_or(nullptr)}});
    return response;
}

Response shared_report(const Module& module, const Request& request, const Sources& sources, const Admitted& admitted) {
    if (!shows(admitted.share, module)) {
        return http::plain_error(403, "Module '" + std::string(module_of(module)) + "' is not shared.");
    }
    if (!module.gate.empty()) {
        const auto denial = Access::module_allows(admitted.grant, module.gate, model::ModuleAccess::read);
        if (denial) return meta::response_to(*denial);
    }
    return report(module, request, sources, *admitted.grant.project);
}

using Show = std::function<Response(const Request& request, const Sources& sources, const Admitted& admitted)>;

http::Route route(std::shared_ptr<Entrance> entrance, std::string pattern, std::string summary,
                  http::RouteDocument document, Show show) {
    const auto handler = [entrance = std::move(entrance), show = std::move(show)](Request request,
                                                                                  http::Responder responder) {
        const auto admitted = admit(*entrance, request);
        const auto* refused = std::get_if<Response>(&admitted);
        auto response = refused ? *refused : show(request, entrance->sources, std::get<Admitted>(admitted));
        response.headers.emplace_back("Cache-Control", "no-store");
        responder.answer(std::move(response));
    };
    return {.method = "GET",
            .pattern = std::move(pattern),
            .handler = handler,
            .envelope = http::plain_envelope,
            .summary = std::move(summary) + "; its password, if it has one, in X-Share-Password",
            .access = "none",
            .cross_origin = true,
            .slow = true,
            .document = std::move(document)};
}

http::RouteDocument dashboard_document() {
    auto document = document_of(kStats);
    document.key_header.clear();
    document.answer = R"({"name":"Board","modules":["pageviews","funnels"],"stats":)" + document.answer + "}";
    return document;
}

http::RouteDocument report_document(const Module& module) {
    auto document = document_of(module);
    document.key_header.clear();
    return document;
}

}  // namespace

std::vector<http::Route> shared_routes(Access& access, const Sources& sources, pulsekit::Random& random) {
    // Shared by the routes' handlers.
    const auto entrance = std::make_shared<Entrance>(access, sources, random);
    std::vector<http::Route> all;
    all.push_back(route(entrance, std::string(kDashboard), "A shared dashboard and its overview", dashboard_document(),
                        dashboard));
    for (const Module* module : modules()) {
        if (module->protocol != &kAnalytics || module_of(*module).empty()) continue;
        all.push_back(route(entrance, std::string(kDashboard) + std::string(module->path.substr(kApi.size())),
                            "The report of a shared dashboard: " + std::string(module->summary),
                            report_document(*module),
                            [module](const Request& request, const Sources& of, const Admitted& admitted) {
                                return shared_report(*module, request, of, admitted);
                            }));
    }
    return all;
}

}  // namespace collector::query
