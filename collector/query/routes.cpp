#include "query/routes.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace collector::query {
namespace {

using meta::Access;
using meta::Denial;
using meta::Grant;

http::Response denied(const Denial& denial) {
    auto response = http::plain_error(meta::status_of(denial), meta::text_of(denial));
    if (denial.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(denial.retry_after_s));
    return response;
}

http::Response serve(const Module& module, const http::Request& request, Access& access, const Sources& sources) {
    const auto admitted =
        access.admit(meta::key_of(request, meta::KeyPlace::x_pulse_key), meta::Scope::query, meta::Traffic::query);
    if (const auto* denial = std::get_if<Denial>(&admitted)) return denied(*denial);
    const auto& grant = std::get<Grant>(admitted);
    // A core report is open whatever the project's module settings are; the key's own restriction still holds.
    if (const auto denial = Access::key_allows(grant, module.key_module)) return denied(*denial);
    return answer(module, request, sources, grant.project_id());
}

http::Route route(const Module& module, Access& access, const Sources& sources) {
    return {.method = "GET",
            .pattern = std::string(module.path),
            .handler = [&module, &access, sources](
                           http::Request request,
                           http::Responder responder) { responder.answer(serve(module, request, access, sources)); },
            .envelope = http::plain_envelope,
            .summary = std::string(module.summary),
            .access = "query",
            .cross_origin = true,
            .slow = true};
}

}  // namespace

std::vector<http::Route> routes(Access& access, const Sources& sources) {
    std::vector<http::Route> made;
    for (const Module* module : modules()) made.push_back(route(*module, access, sources));
    return made;
}

}  // namespace collector::query
