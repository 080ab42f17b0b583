#include "admin/routes.hpp"

#include <iterator>
#include <utility>

#include "crypto/hash.hpp"

namespace collector::admin {
namespace {

constexpr const char* kTokenBucket = "admin token";

http::Response denied(const meta::Denial& denial) {
    auto response = http::plain_error(meta::status_of(denial), meta::text_of(denial));
    if (denial.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(denial.retry_after_s));
    return response;
}

std::optional<http::Response> limited(Admin& admin, const std::string& bucket) {
    if (const auto denial = admin.access.limit(meta::Traffic::admin, bucket)) return denied(*denial);
    return std::nullopt;
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
                      export_routes(admin), webhook_routes(admin), outbox_routes(admin)}) {
        std::move(list.begin(), list.end(), std::back_inserter(all));
    }
    return all;
}

std::optional<http::Response> refusal(Admin& admin, const http::Request& request,
                                      const std::optional<std::string>& project_id) {
    const auto credential = credential_of(request);
    if (!credential) return http::plain_error(401, "Missing admin token.");
    if (admin.token.empty()) return http::plain_error(401, "Invalid admin token.");
    if (crypto::equal(*credential, admin.token)) return limited(admin, kTokenBucket);

    const auto identified = admin.access.identify(credential, meta::Scope::admin);
    if (const auto* denial = std::get_if<meta::Denial>(&identified)) {
        if (denial->why == meta::Denial::Why::invalid_key) return http::plain_error(401, "Invalid admin token.");
        return denied(*denial);
    }
    const auto& grant = std::get<meta::Grant>(identified);
    if (!project_id) return http::plain_error(403, "This endpoint requires the admin token.");
    if (grant.project_id() != *project_id) return http::plain_error(403, "API key belongs to another project.");
    return limited(admin, grant.key->id);
}

http::Route guarded(Admin& admin, std::string method, std::string pattern, std::string summary, Example example,
                    std::function<http::Response(http::Request&)> serve) {
    const bool one_project = pattern.find("{id}") != std::string::npos;
    auto handler = [&admin, one_project, serve = std::move(serve)](http::Request request, http::Responder responder) {
        std::optional<std::string> project_id;
        if (one_project) project_id = std::string(request.path_value("id"));
        if (auto refused = refusal(admin, request, project_id)) {
            responder.answer(*std::move(refused));
            return;
        }
        responder.answer(serve(request));
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
