#include "query/routes.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "query/export.hpp"
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

/// What stands before a report.
struct Door {
    const Protocol& protocol;
    std::string_view gate;        ///< as Module::gate
    std::string_view key_module;  ///< as Module::key_module
};

std::variant<Grant, Denial> admit(const Door& door, const http::Request& request, Access& access,
                                  const Sources& sources) {
    const auto key = meta::key_of(request, door.protocol.credential);
    auto admitted = !key && door.protocol.open && !sources.open_project.empty()
                        ? access.admit_without_key(sources.open_project, meta::Traffic::query)
                        : access.admit(key, meta::Scope::query, meta::Traffic::query);
    const auto* grant = std::get_if<Grant>(&admitted);
    if (!grant) return admitted;
    // A core report is open whatever the project's module settings are; the key's own restriction still holds.
    auto refused = door.gate.empty() ? Access::key_allows(*grant, door.key_module)
                                     : Access::module_allows(*grant, door.gate, model::ModuleAccess::read);
    if (refused) return *std::move(refused);
    return admitted;
}

using Serve = std::function<http::Response(const http::Request& request, const meta::Project& project)>;

/// Serves those whom the door admits.
http::Handler behind(const Door& door, Access& access, const Sources& sources, Serve serve) {
    return [door, &access, sources, serve = std::move(serve)](http::Request request, http::Responder responder) {
        const auto admitted = admit(door, request, access, sources);
        if (const auto* denial = std::get_if<Denial>(&admitted)) {
            responder.answer(denied(door.protocol, *denial));
        } else {
            responder.answer(serve(request, *std::get<Grant>(admitted).project));
        }
    };
}

http::Route report_route(const Module& module, Access& access, const Sources& sources) {
    const Door door{*module.protocol, module.gate, module.key_module};
    return {.method = "GET",
            .pattern = std::string(module.path),
            .handler = behind(door, access, sources,
                              [&module, sources](const http::Request& request, const meta::Project& project) {
                                  return answer(module, request, sources, project);
                              }),
            .envelope = module.protocol->envelope,
            .summary = std::string(module.summary),
            .access = "query",
            .cross_origin = true,
            .slow = true};
}

http::Route export_route(Access& access, const Sources& sources) {
    return {.method = "GET",
            .pattern = std::string(kExportPath),
            .handler = behind({kAnalytics, "exports", {}}, access, sources,
                              [sources](const http::Request& request, const meta::Project& project) {
                                  return export_file(request, sources, project);
                              }),
            .envelope = kAnalytics.envelope,
            .summary = "All rows of a report as a CSV file",
            .access = "query",
            .cross_origin = true,
            .slow = true};
}

}  // namespace

std::vector<http::Route> routes(Access& access, const Sources& sources) {
    std::vector<http::Route> made;
    for (const Module* module : modules()) made.push_back(report_route(*module, access, sources));
    made.push_back(export_route(access, sources));
    return made;
}

}  // namespace collector::query
