#include "query/definitions/routes.hpp"

#include <utility>

#include "http/members.hpp"
#include "query/document.hpp"

namespace collector::query {

http::Route definition_route(const DefinitionRoute& route, std::string_view module, meta::Access& access,
                             const Sources& sources, Serve serve) {
    const auto needed = route.method == "GET" ? model::ModuleAccess::read : model::ModuleAccess::write;
    return {.method = std::string(route.method),
            .pattern = std::string(route.pattern),
            .handler = behind({kAnalytics, module, {}, needed}, access, sources, std::move(serve)),
            .envelope = kAnalytics.envelope,
            .summary = std::string(route.summary),
            .access = "query",
            .cross_origin = true,
            .slow = true,
            .document = {.key_header = std::string(meta::header_of(kAnalytics.credential)),
                         .parameters = documented(route.takes),
                         .request = route.request,
                         .answer = route.answer,
                         .status = route.status}};
}

http::Response answered(int status, const http::Json& json) { return {.status = status, .body = http::to_text(json)}; }

http::Response refused(const pulsekit::Error& error, std::string_view what, std::string_view id) {
    if (error.code == pulsekit::ErrorCode::not_found) return http::not_found(what, id);
    if (error.code == pulsekit::ErrorCode::invalid) return http::plain_error(400, error.message);
    return http::failed(error);
}

}  // namespace collector::query
