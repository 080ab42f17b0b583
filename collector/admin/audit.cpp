// Who changed what, read.
#include <algorithm>
#include <charconv>
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

/// A positive integer, or nothing.
std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
    return value;
}

http::Response bad_value(std::string_view name, std::string_view reason) {
    return http::plain_error(400, "Invalid value for '" + std::string(name) + "': " + std::string(reason) + ".");
}

std::variant<meta::AuditQuery, http::Response> read_query(const http::Request& request) {
    meta::AuditQuery query;
    if (const auto text = request.parameter("project_id")) query.project_id = *text;
    if (const auto text = request.parameter("limit")) {
        const auto limit = number(*text);
        if (!limit) return bad_value("limit", "must be an integer of at least 1");
        query.limit = std::min(*limit, kMaxLimit);
    }
    if (const auto text = request.parameter("before")) {
        query.before = number(*text);
        if (!query.before) return bad_value("before", "must be the next_before of the page before");
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
