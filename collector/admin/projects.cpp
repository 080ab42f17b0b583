// Projects: created, listed, read, changed and deleted.
#include <algorithm>
#include <utility>
#include <variant>

#include "admin/deletion.hpp"
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

/// Those that the settings name come again at the next start, or are not found by their name.
bool is_configured(Admin& admin, const meta::Project& project, bool by_name) {
    const auto projects = admin.catalog.projects();
    return std::any_of(admin.configured.begin(), admin.configured.end(), [&](const std::string& called) {
        if (by_name && called == project.id) return false;
        const auto found = std::find_if(projects.begin(), projects.end(), [&](const meta::Project& one) {
            return one.id == called || one.name == called;
        });
        return found != projects.end() && found->id == project.id;
    });
}

http::Response configured(std::string_view id) {
    return http::plain_error(400, "Project '" + std::string(id) +
                                      "' is named in the collector's settings (development, open gateway or imported "
                                      "keys): take it out there first.");
}

/// The member, when it is there.
std::optional<http::Response> read_text(const http::Json& members, const char* name, std::optional<std::string>& into) {
    auto text = http::optional_text(members, name);
    if (auto* refused = std::get_if<http::Response>(&text)) return std::move(*refused);
    if (!std::get<std::string>(text).empty()) into = std::get<std::string>(std::move(text));
    return std::nullopt;
}

http::Response change(Admin& admin, http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    const auto& members = std::get<http::Json>(body);
    meta::ProjectChange wanted;
    if (auto refused = read_text(members, "name", wanted.name)) return *std::move(refused);
    if (auto refused = read_text(members, "domain", wanted.domain)) return *std::move(refused);
    if (!wanted.name && !wanted.domain) {
        return http::plain_error(400, "Invalid request body: expected 'name' or 'domain'.");
    }
    const auto id = request.path_value("id");
    const auto project = admin.catalog.project(id);
    if (!project) return http::not_found("Project", id);
    const bool renames = wanted.name && *wanted.name != project->name;
    if (renames && is_configured(admin, *project, true)) return configured(id);
    const auto changed = admin.catalog.change_project(id, wanted);
    if (changed) return {.body = http::to_text(to_json(*changed))};
    if (changed.error().code == pulsekit::ErrorCode::not_found) return http::not_found("Project", id);
    return http::failed(changed.error());
}

/// A deletion that was cut off may be asked for again, until it is through.
http::Response erase(Admin& admin, const http::Request& request) {
    const auto id = request.path_value("id");
    const auto project = admin.catalog.project(id);
    if (project && is_configured(admin, *project, false)) return configured(id);
    if (auto deleted = admin.catalog.delete_project(id); !deleted) {
        if (deleted.error().code != pulsekit::ErrorCode::not_found) return http::failed(deleted.error());
        const auto is_pending = admin.deletions.is_pending(id);
        if (!is_pending) return http::failed(is_pending.error());
        if (!*is_pending) return http::not_found("Project", id);
    }
    const auto erased = erase_project(admin.deletions, admin.store, id, {.stop = admin.stop});
    if (!erased) return http::failed(erased.error());
    admin.log("project " + std::string(id) + " deleted with " + std::to_string(*erased) + " events");
    return {.status = 204};
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
        guarded(admin, "PATCH", "/api/admin/projects/{id}", "Changes a project's name or domain",
                {.request = R"({"name":"Shop","domain":"shop.example"})", .answer = project},
                [&admin](http::Request& request) { return change(admin, request); }),
        guarded(admin, of_all, "DELETE", "/api/admin/projects/{id}",
                "Deletes a project with all its data; for the admin token alone", {.status = 204},
                [&admin](http::Request& request) { return erase(admin, request); }),
    };
}

}  // namespace collector::admin
