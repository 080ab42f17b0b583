// Who changed what, read.
#include <utility>
#include <variant>

#include "admin/routes.hpp"
#include "http/members.hpp"
#include "support/time_text.hpp"

namespace collector::admin {
namespace {

constexpr std::int64_t kMaxLimit = 1'000;

http::Json to_json(const meta::AuditLine& line) {
    return {
        {"id", line.id},           {"at", pulsekit::date_time_text(line.at_ms)},
        {"who", line.who},         {"project_id", line.project_id ? http::Json(*line.project_id) : http::Json(nullptr)},
        {"method", line.method},   {"path", line.path},
        {"summary", line.summary}, {"status", line.status}};
}

std::variant<meta::AuditQuery, http::Response> read_query(const http::Request& request) {
    meta::AuditQuery query;
    if (const auto text = request.parameter("project_id")) query.project_id = *text;
    auto limit = http::limit_of(request, query.limit, kMaxLimit);
    if (auto* refused = std::get_if<http::Response>(&limit)) return std::move(*refused);
    query.limit = std::get<std::int64_t>(limit);
    if (const auto text = request.parameter("before")) {
        query.before = http::integer_of(*text);
        if (query.before.value_or(0) < 1)
            return http::bad_value("before", "must be the next_before of the page before");
    }
    return query;
}

http::Response list(Admin& admin, const http::Request& request) {
    const auto query = read_query(request);
    if (const auto* refused = std::get_if<http::Response>(&query)) return *refused;
    const auto page = admin.audit.lines(std::get<meta::AuditQuery>(query));
    if (!page) return http::failed(page.error());
    http::Json data = http::Json::array();
    for (const auto& line : page->lines) data.push_back(to_json(line));
    return {.body = http::to_text({{"data", std::move(data)},
                                   {"next_before", page->more ? http::Json(page->lines.back().id) : nullptr}})};
}

/// An admin-scope key may read its own project's lines, and has to name it.
std::optional<std::string> named_project(const http::Request& request) {
    const auto id = request.parameter("project_id");
    return id ? std::optional(std::string(*id)) : std::nullopt;
}

}  // namespace

std::vector<http::Route> audit_routes(Admin& admin) {
    using Type = http::DocumentedParameter::Type;
    return {guarded(
        admin, named_project, "GET", "/api/admin/audit",
        "Lists who changed what by the admin API, newest first; an admin key needs project_id, its own",
        {.answer = R"({"data":[{"id":42,"at":"2026-03-01T09:00:00Z","who":"admin token","project_id":"7f3e8a2c",
            "method":"POST","path":"/api/admin/projects/7f3e8a2c/keys","summary":"name, scopes; made k1",
            "status":201}],"next_before":null})",
         .parameters = {{.name = "project_id", .summary = "Only what concerns this project, which may be gone"},
                        {.name = "limit",
                         .summary = "Lines a page, at most 1000",
                         .type = Type::integer,
                         .otherwise = "100",
                         .example = "20"},
                        {.name = "before", .summary = "The next_before of the page before", .type = Type::integer}}},
        [&admin](http::Request& request) { return list(admin, request); })};
}

}  // namespace collector::admin
