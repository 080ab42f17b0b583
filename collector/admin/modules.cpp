// A project's modules: which are on, and what may be done with them.
#include <algorithm>

#include "admin/routes.hpp"
#include "http/members.hpp"
#include "model/module.hpp"

namespace collector::admin {
namespace {

constexpr const char* kAccessRule = "one of 'read', 'write' or 'all'";

http::Json to_json(const meta::Project& project, std::size_t index) {
    const auto& setting = project.modules[index];
    return {{"name", model::modules()[index].name},
            {"enabled", setting.enabled},
            {"access", model::name_of(setting.access)}};
}

http::Response list(Admin& admin, const http::Request& request) {
    const auto id = request.path_value("id");
    const auto project = admin.catalog.project(id);
    if (!project) return http::not_found("Project", id);
    http::Json modules = http::Json::array();
    for (std::size_t i = 0; i < project->modules.size(); ++i) modules.push_back(to_json(*project, i));
    return {.body = http::to_text({{"modules", std::move(modules)}})};
}

/// Sets the access that the member names, when it is there.
std::optional<http::Response> read_access(const http::Json& body, meta::ModuleChange& change) {
    const auto found = body.find("access");
    if (found == body.end() || found->is_null()) return std::nullopt;
    const auto* name = found->get_ptr<const std::string*>();
    change.access = name ? model::module_access_named(*name) : std::nullopt;
    if (!change.access) return http::invalid_field("access", kAccessRule);
    return std::nullopt;
}

std::variant<meta::ModuleChange, http::Response> read_change(const http::Json& item) {
    if (!item.is_object()) return http::invalid_field("modules", "an array of objects");
    const auto name = http::required_text(item, "name");
    if (const auto* refused = std::get_if<http::Response>(&name)) return *refused;
    meta::ModuleChange change{.module = model::index_of_module(std::get<std::string>(name))};
    if (change.module == model::modules().size()) return http::invalid_field("name", "the name of a module");
    if (const auto found = item.find("enabled"); found != item.end() && !found->is_null()) {
        if (!found->is_boolean()) return http::invalid_field("enabled", "a boolean");
        change.enabled = found->get<bool>();
    }
    if (auto refused = read_access(item, change)) return *std::move(refused);
    return change;
}

std::optional<http::Response> change(Admin& admin, const http::Request& request,
                                     const std::vector<meta::ModuleChange>& changes) {
    const auto done = admin.catalog.change_modules(request.path_value("id"), changes);
    if (done) return std::nullopt;
    if (done.error().code == pulsekit::ErrorCode::not_found)
        return http::not_found("Project", request.path_value("id"));
    return http::failed(done.error());
}

http::Response change_many(Admin& admin, http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    const auto& members = std::get<http::Json>(body);
    const auto found = members.find("modules");
    if (found == members.end() || found->is_null()) return http::missing_field("modules");
    if (!found->is_array()) return http::invalid_field("modules", "an array of objects");
    std::vector<meta::ModuleChange> changes;
    for (const auto& item : *found) {
        auto one = read_change(item);
        if (auto* refused = std::get_if<http::Response>(&one)) return std::move(*refused);
        changes.push_back(std::get<meta::ModuleChange>(one));
    }
    if (auto refused = change(admin, request, changes)) return *std::move(refused);
    return list(admin, request);
}

/// Of the module that the path names; `body` says what to change.
http::Response change_one(Admin& admin, const http::Request& request, meta::ModuleChange wanted) {
    const auto id = request.path_value("id");
    const auto name = request.path_value("name");
    if (!admin.catalog.project(id)) return http::not_found("Project", id);
    wanted.module = model::index_of_module(name);
    if (wanted.module == model::modules().size()) return http::not_found("Module", name);
    if (auto refused = change(admin, request, {wanted})) return *std::move(refused);
    const auto project = admin.catalog.project(id);
    if (!project) return http::not_found("Project", id);
    return {.body = http::to_text(to_json(*project, wanted.module))};
}

http::Response change_access(Admin& admin, http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    meta::ModuleChange wanted;
    if (auto refused = read_access(std::get<http::Json>(body), wanted)) return *std::move(refused);
    if (!wanted.access) return http::missing_field("access");
    return change_one(admin, request, wanted);
}

}  // namespace

std::vector<http::Route> module_routes(Admin& admin) {
    const std::string all = "/api/admin/projects/{id}/modules";
    const std::string one = all + "/{name}";
    const std::string modules = R"({"modules":[{"name":"funnels","enabled":true,"access":"all"}]})";
    const auto of_one = [](bool enabled, std::string_view access, std::string request = {}) -> Example {
        return {.request = std::move(request),
                .answer = R"({"name":"funnels","enabled":)" + std::string(enabled ? "true" : "false") +
                          R"(,"access":")" + std::string(access) + "\"}",
                .parameters = {{.name = "name", .summary = "Which module", .required = true, .example = "funnels"}}};
    };
    return {
        guarded(admin, "GET", all, "Lists a project's modules", {.answer = modules},
                [&admin](http::Request& request) { return list(admin, request); }),
        guarded(admin, "PUT", all, "Changes several modules, or none", {.request = modules, .answer = modules},
                [&admin](http::Request& request) { return change_many(admin, request); }),
        guarded(admin, "POST", one + "/enable", "Switches a module on", of_one(true, "all"),
                [&admin](http::Request& request) { return change_one(admin, request, {.enabled = true}); }),
        guarded(admin, "POST", one + "/disable", "Switches a module off; its data stays", of_one(false, "all"),
                [&admin](http::Request& request) { return change_one(admin, request, {.enabled = false}); }),
        guarded(admin, "PUT", one + "/access", "Says whether a module may be read, written or both",
                of_one(true, "read", R"({"access":"read"})"),
                [&admin](http::Request& request) { return change_access(admin, request); }),
    };
}

}  // namespace collector::admin
