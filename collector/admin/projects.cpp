// Projects: created, listed and read.
#include "admin/routes.hpp"
#include "http/members.hpp"
#include "support/time_text.hpp"

namespace collector::admin {
namespace {

http::Json to_json(const meta::Project& project) {
    return {{"id", project.id},
            {"name", project.name},
            {"domain", project.domain},
            {"created_at", pulsekit::date_time_text(project.created_ms)}};
}

http::Response create(Admin& admin, http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    const auto& members = std::get<http::Json>(body);
    auto name = http::required_text(members, "name");
    if (auto* refused = std::get_if<http::Response>(&name)) return std::move(*refused);
    auto domain = http::required_text(members, "domain");
    if (auto* refused = std::get_if<http::Response>(&domain)) return std::move(*refused);
    const auto created = admin.catalog.create_project(std::get<std::string>(name), std::get<std::string>(domain));
    if (!created) return http::failed(created.error());
    return {.status = 201, .body = http::to_text(to_json(*created))};
}

http::Response list(Admin& admin) {
    http::Json data = http::Json::array();
    for (const auto& project : admin.catalog.projects()) data.push_back(to_json(project));
    return {.body = http::to_text({{"data", std::move(data)}})};
}

http::Response read(Admin& admin, const http::Request& request) {
    const auto id = request.path_value("id");
    const auto project = admin.catalog.project(id);
    if (!project) return http::not_found("Project", id);
    return {.body = http::to_text(to_json(*project))};
}

}  // namespace

std::vector<http::Route> project_routes(Admin& admin) {
    const std::string project =
        R"({"id":"7f3e8a2c","name":"Shop","domain":"shop.example","created_at":"2026-03-01T09:00:00Z"})";
    return {
        guarded(admin, "POST", "/api/admin/projects", "Creates a project",
                {.request = R"({"name":"Shop","domain":"shop.example"})", .answer = project, .status = 201},
                [&admin](http::Request& request) { return create(admin, request); }),
        guarded(admin, "GET", "/api/admin/projects", "Lists the projects, oldest first",
                {.answer = R"({"data":[)" + project + "]}"}, [&admin](http::Request&) { return list(admin); }),
        guarded(admin, "GET", "/api/admin/projects/{id}", "Reads a project", {.answer = project},
                [&admin](http::Request& request) { return read(admin, request); }),
    };
}

}  // namespace collector::admin
