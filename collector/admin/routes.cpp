#include "admin/routes.hpp"

#include <iterator>
#include <utility>

#include "admin/record.hpp"
#include "crypto/hash.hpp"

namespace collector::admin {
namespace {

constexpr const char* kAdminToken = "admin token";

std::variant<Caller, http::Response> limited(Admin& admin, const std::string& bucket, Caller caller) {
    if (const auto denial = admin.access.limit(meta::Traffic::admin, bucket)) return meta::response_to(*denial);
    return caller;
}

/// The admin API takes its credential from two places only.
std::optional<std::string> credential_of(const http::Request& request) {
    http::Request known;
    for (const char* name : {"Authorization", "X-Pulse-Key"}) {
        if (const auto value = request.header(name)) known.headers.emplace(name, *value);
    }
    return meta::key_of(known, meta::KeyPlace::bearer);
}

}  // namespace

std::vector<http::Route> routes(Admin& admin) {
    std::vector<http::Route> all;
    for (auto list : {project_routes(admin), key_routes(admin), module_routes(admin), data_routes(admin),
                      export_routes(admin), webhook_routes(admin), outbox_routes(admin), audit_routes(admin)}) {
        std::move(list.begin(), list.end(), std::back_inserter(all));
    }
    return all;
}

std::variant<Caller, http::Response> admitted(Admin& admin, const http::Request& request,
                                              const std::optional<std::string>& project_id) {
    const auto credential = credential_of(request);
    if (!credential) return http::plain_error(401, "Missing admin token.");
    if (admin.token.empty()) return http::plain_error(401, "Invalid admin token.");
    if (crypto::equal(*credential, admin.token)) return limited(admin, kAdminToken, kAdminToken);

    const auto identified = admin.access.identify(credential, meta::Scope::admin);
    if (const auto* denial = std::get_if<meta::Denial>(&identified)) {
        if (denial->why == meta::Denial::Why::invalid_key) return http::plain_error(401, "Invalid admin token.");
        return meta::response_to(*denial);
    }
    const auto& grant = std::get<meta::Grant>(identified);
    if (!project_id) return http::plain_error(403, "This endpoint requires the admin token.");
    if (grant.project_id() != *project_id) return http::plain_error(403, "API key belongs to another project.");
    return limited(admin, grant.key->id, grant.key->key_prefix);
}

bool is_of_project(std::string_view pattern) { return pattern.starts_with("/api/admin/projects/{id}"); }
std::optional<std::string> of_path(const http::Request& request) { return std::string(request.path_value("id")); }
std::optional<std::string> of_all(const http::Request&) { return std::nullopt; }

http::Route guarded(Admin& admin, std::string method, std::string pattern, std::string summary, Example example,
                    std::function<http::Response(http::Request&)> serve) {
    const auto subject = is_of_project(pattern) ? of_path : of_all;
    return guarded(admin, subject, std::move(method), std::move(pattern), std::move(summary), std::move(example),
                   std::move(serve));
}

http::Route guarded(Admin& admin, Subject subject, std::string method, std::string pattern, std::string summary,
                    Example example, std::function<http::Response(http::Request&)> serve) {
    const Recorded recorded{.pattern = pattern, .members = members_of(example.request)};
    auto handler = [&admin, recorded, changes = method != "GET", subject = std::move(subject),
                    serve = std::move(serve)](http::Request request, http::Responder responder) {
        auto caller = admitted(admin, request, subject(request));
        if (auto* refused = std::get_if<http::Response>(&caller)) return responder.answer(std::move(*refused));
        if (!changes) return responder.answer(serve(request));
        http::Request sent;  // the handler takes the body away
        if (!recorded.members.empty()) sent.body = request.body;
        sent.headers = request.headers;
        auto response = serve(request);
        record(admin, recorded, std::get<Caller>(caller), request, sent, response);
        responder.answer(std::move(response));
    };
    return {.method = std::move(method),
            .pattern = std::move(pattern),
            .handler = std::move(handler),
            .envelope = http::plain_envelope,
            .summary = std::move(summary),
            .access = "admin",
            .slow = true,
            .document = {.key_header = "Authorization",
                         .parameters = std::move(example.parameters),
                         .request = std::move(example.request),
                         .answer = std::move(example.answer),
                         .status = example.status}};
}

}  // namespace collector::admin
