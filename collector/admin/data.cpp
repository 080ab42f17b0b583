// A project's events: how long they are kept, and how those of one person are erased.
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "admin/routes.hpp"
#include "crypto/hash.hpp"
#include "http/members.hpp"
#include "store/store.hpp"

namespace collector::admin {
namespace {

using store::Erasure;

http::Response retention_of(const meta::Project& project) {
    return {.body = http::to_text(
                {{"days", project.retention_days ? http::Json(*project.retention_days) : http::Json(nullptr)}})};
}

http::Response read_retention(Admin& admin, const http::Request& request) {
    const auto id = request.path_value("id");
    const auto project = admin.catalog.project(id);
    return project ? retention_of(*project) : http::not_found("Project", id);
}

http::Response change_retention(Admin& admin, http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    const auto& members = std::get<http::Json>(body);
    const auto found = members.find("days");
    if (found == members.end()) return http::missing_field("days");
    std::optional<std::int64_t> days;
    if (!found->is_null()) {
        const bool in_range = found->is_number_unsigned() && found->get<std::uint64_t>() >= 1 &&
                              found->get<std::uint64_t>() <= static_cast<std::uint64_t>(meta::kMaxRetentionDays);
        if (!in_range) return http::invalid_field("days", "an integer from 1 to 36500, or null");
        days = found->get<std::int64_t>();
    }
    const auto id = request.path_value("id");
    if (auto set = admin.catalog.set_retention(id, days); !set) {
        if (set.error().code == pulsekit::ErrorCode::not_found) return http::not_found("Project", id);
        return http::failed(set.error());
    }
    return read_retention(admin, request);
}

/// Who may be in a variant of an experiment: the visitor, or whoever the user was.
pulsekit::Result<std::vector<std::string>> visitors_of(Admin& admin, std::string_view project_id, Erasure::Of of,
                                                       std::string_view id) {
    std::vector<std::string> visitors;
    if (of == Erasure::Of::visitor) {
        visitors.emplace_back(id);
        return visitors;
    }
    const model::Question question{
        .of = {.project_id = std::string(project_id),
               .range = {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()},
               .seen = {{.field = model::Column::user,
                         .test = model::Condition::Test::one_of,
                         .values = {std::string(id)}}}},
        .group_by = {model::Column::visitor}};
    const auto answer = admin.store.ask(question, {.stop = admin.stop});
    if (!answer) return answer.error();
    for (const auto& row : answer->rows) {
        if (const auto* visitor = std::get_if<std::string>(&row[0])) visitors.push_back(*visitor);
    }
    return visitors;
}

/// The assignments go first: of a user's, only the events tell whose they are. The responses to surveys come
/// before the events, too, which are still there to be erased, and counted, later when they cannot; with them the log
/// loses both.
pulsekit::Result<std::int64_t> erase_all(Admin& admin, const Erasure& erasure) {
    const auto visitors = visitors_of(admin, erasure.project_id, erasure.of, erasure.id);
    if (!visitors) return visitors.error();
    if (auto done = admin.experiments.erase_visitors(erasure.project_id, *visitors); !done) {
        return std::move(done).error();
    }
    const auto whose = erasure.of == Erasure::Of::user ? meta::Respondent::user : meta::Respondent::visitor;
    if (auto done = admin.surveys.erase_responses(erasure.project_id, whose, erasure.id); !done) return done;
    return admin.store.erase(erasure, {.stop = admin.stop});
}

/// Who was erased is told by the hash alone: whoever knows the id can tell that it was.
http::Response erase(Admin& admin, const http::Request& request, Erasure::Of of) {
    const auto project_id = request.path_value("id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const std::string_view kind = of == Erasure::Of::user ? "user" : "visitor";
    const auto id = request.path_value(std::string(kind) + "_id");
    const auto erased =
        erase_all(admin, {.project_id = std::string(project_id), .of = of, .id = std::string(id), .before_ms = 0});
    const auto hash = crypto::hex(crypto::sha256(id));
    const http::Json entry = {
        {"project", project_id}, {kind, "sha256:" + hash}, {"erased", erased ? http::Json(*erased) : nullptr}};
    admin.log("audit: erasure " + http::to_text(entry));
    return erased ? http::Response{.body = http::to_text({{"erased", *erased}})} : http::failed(erased.error());
}

http::Route erasing(Admin& admin, const std::string& kind, Erasure::Of of) {
    auto route = guarded(
        admin, "DELETE", "/api/admin/projects/{id}/" + kind + "s/{" + kind + "_id}",
        "Erases all events of a " + kind + ", the responses to surveys, and in which variants of experiments it was",
        {.answer = R"({"erased":42})"}, [&admin, of](http::Request& request) { return erase(admin, request, of); });
    route.takes_rest = true;  // ids may have slashes
    return route;
}

}  // namespace

std::vector<http::Route> data_routes(Admin& admin) {
    return {
        guarded(admin, "GET", "/api/admin/projects/{id}/retention", "How many days a project's events are kept",
                {.answer = R"({"days":90})"},
                [&admin](http::Request& request) { return read_retention(admin, request); }),
        guarded(admin, "PUT", "/api/admin/projects/{id}/retention",
                "Sets how many days a project's events are kept; null: for ever",
                {.request = R"({"days":90})", .answer = R"({"days":90})"},
                [&admin](http::Request& request) { return change_retention(admin, request); }),
        erasing(admin, "user", Erasure::Of::user),
        erasing(admin, "visitor", Erasure::Of::visitor),
    };
}

}  // namespace collector::admin
