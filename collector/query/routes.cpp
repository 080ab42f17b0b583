#include "query/routes.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "query/protocol.hpp"

namespace collector::query {
namespace {

using meta::Access;
using meta::Denial;
using meta::Grant;

http::Response denied(const Protocol& protocol, const Denial& denial) {
    auto response = protocol.denied(denial);
    if (denial.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(denial.retry_after_s));
    return response;
}

std::variant<Grant, Denial> admit(const Module& module, const http::Request& request, Access& access,
                                  const Sources& sources) {
    const auto key = meta::key_of(request, module.protocol->credential);
    auto admitted = !key && module.protocol->open && !sources.open_project.empty()
                        ? access.admit_without_key(sources.open_project, meta::Traffic::query)
                        : access.admit(key, meta::Scope::query, meta::Traffic::query);
    const auto* grant = std::get_if<Grant>(&admitted);
    if (!grant) return admitted;
    // A core report is open whatever the project's module settings are; the key's own restriction still holds.
    auto refused = module.gate.empty() ? Access::key_allows(*grant, module.key_module)
                                       : Access::module_allows(*grant, module.gate, model::ModuleAccess::read);
    if (refused) return *std::move(refused);
    return admitted;
}

http::Response serve(const Module& module, const http::Request& request, Access& access, const Sources& sources) {
    const auto admitted = admit(module, request, access, sources);
    if (const auto* denial = std::get_if<Denial>(&admitted)) return denied(*module.protocol, *denial);
    return answer(module, request, sources, *std::get<Grant>(admitted).project);
}

http::Route route(const Module& module, Access& access, const Sources& sources) {
    return {.method = "GET",
            .pattern = std::string(module.path),
            .handler = [&module, &access, sources](
                           http::Request request,
                           http::Responder responder) { responder.answer(serve(module, request, access, sources)); },
            .envelope = module.protocol->envelope,
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
