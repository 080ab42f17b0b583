#include "admin/record.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "crypto/hash.hpp"
#include "http/members.hpp"

namespace collector::admin {
namespace {

/// Placeholders that stand for persons: only whoever knows the id can tell that it was meant.
constexpr std::string_view kPersons[] = {"user_id", "visitor_id"};

/// What a request that failed has in the place of an id may be anything, a secret by mistake: it stays a placeholder.
std::string recorded_value(const http::Request& request, std::string_view name, bool is_known) {
    const auto value = request.path_value(name);
    for (const auto person : kPersons) {
        if (name == person) return "sha256:" + crypto::hex(crypto::sha256(value));
    }
    return is_known ? std::string(value) : "{" + std::string(name) + "}";
}

/// With the ids in their places.
std::string path_of(const std::string& pattern, const http::Request& request, bool has_project, bool failed) {
    std::string path;
    std::size_t at = 0;
    for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{', at)) {
        const auto close = pattern.find('}', open);
        path += pattern.substr(at, open - at);
        const auto name = std::string_view(pattern).substr(open + 1, close - open - 1);
        path += recorded_value(request, name, !failed || (name == "id" && has_project));
        at = close + 1;
    }
    return path + pattern.substr(at);
}

/// The id of what was made; empty when nothing was.
std::string made_by(const http::Response& response) {
    if (response.status != 201) return {};
    const auto answer = http::parse_json(response.body);
    if (!answer || !answer->is_object()) return {};
    const auto id = answer->find("id");
    return id != answer->end() && id->is_string() ? id->get<std::string>() : std::string();
}

std::string summary_of(const Recorded& recorded, http::Request& sent, const std::string& made) {
    std::string summary;
    const auto body = recorded.members.empty() ? http::Json() : [&] {
        auto object = http::object_of(sent);
        auto* members = std::get_if<http::Json>(&object);
        return members ? std::move(*members) : http::Json();
    }();
    for (const auto& name : recorded.members) {
        if (body.contains(name)) summary += (summary.empty() ? "" : ", ") + name;
    }
    if (!made.empty()) summary += (summary.empty() ? "made " : "; made ") + made;
    return summary;
}

}  // namespace

std::vector<std::string> members_of(const std::string& object) {
    std::vector<std::string> names;
    const auto json = http::parse_json(object);
    if (!json || !json->is_object()) return names;
    for (const auto& [name, value] : json->items()) names.push_back(name);
    return names;
}

void record(Admin& admin, const Recorded& recorded, const Caller& caller, const http::Request& request,
            http::Request& sent, const http::Response& response) {
    const auto made = made_by(response);
    const bool failed = response.status >= 400;
    const bool has_project =
        is_of_project(recorded.pattern) && (!failed || admin.catalog.project(request.path_value("id")) != nullptr);
    meta::AuditLine line{.who = caller,
                         .project_id = std::nullopt,
                         .method = request.method,
                         .path = path_of(recorded.pattern, request, has_project, failed),
                         .summary = summary_of(recorded, sent, made),
                         .status = response.status};
    if (has_project) line.project_id = of_path(request);
    if (recorded.pattern == "/api/admin/projects" && !made.empty()) line.project_id = made;
    if (const auto written = admin.audit.record(line); !written) {
        admin.warn("audit: " + line.who + " " + line.method + " " + line.path + " " + std::to_string(line.status) +
                   " could not be recorded: " + written.error().message);
    }
}

}  // namespace collector::admin
