#include "query/routes.hpp"

#include <iterator>
#include <string>
#include <utility>

#include "query/definitions/routes.hpp"
#include "query/document.hpp"
#include "query/door.hpp"
#include "query/export.hpp"

namespace collector::query {
namespace {

using meta::Access;

http::Route report_route(const Module& module, std::string_view path, Access& access, const Sources& sources) {
    const Door door{*module.protocol, module.gate, module.key_module};
    return {.method = "GET",
            .pattern = std::string(path),
            .handler = behind(door, access, sources,
                              [&module, sources](const http::Request& request, const meta::Project& project) {
                                  return answer(module, request, sources, project);
                              }),
            .envelope = module.protocol->envelope,
            .summary = std::string(module.summary),
            .access = "query",
            .cross_origin = true,
            .slow = true,
            .document = document_of(module)};
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
            .slow = true,
            .document = export_document()};
}

}  // namespace

std::vector<http::Route> routes(Access& access, const Sources& sources) {
    std::vector<http::Route> made;
    for (const Module* module : modules()) {
        made.push_back(report_route(*module, module->path, access, sources));
        if (!module->alias.empty()) made.push_back(report_route(*module, module->alias, access, sources));
    }
    made.push_back(export_route(access, sources));
    for (auto list : {funnel_routes(access, sources), goal_routes(access, sources), experiment_routes(access, sources),
                      survey_routes(access, sources), share_routes(access, sources)}) {
        std::move(list.begin(), list.end(), std::back_inserter(made));
    }
    return made;
}

}  // namespace collector::query
