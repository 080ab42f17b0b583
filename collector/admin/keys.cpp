// A project's keys: created, listed, rotated and revoked.
#include <algorithm>
#include <utility>
#include <variant>

#include "admin/routes.hpp"
#include "http/members.hpp"
#include "model/module.hpp"
#include "support/time_text.hpp"

namespace collector::admin {
namespace {

constexpr std::uint64_t kMaxOverlapSeconds = 30 * 86'400;
constexpr const char* kScopesRule = "a non-empty array of 'ingest', 'query' or 'admin'";

http::Json instant(const std::optional<std::int64_t>& unix_ms) {
    if (!unix_ms) return nullptr;
    return pulsekit::date_time_text(*unix_ms);
}

http::Json scopes_json(const meta::Key& key) {
    http::Json names = http::Json::array();
    for (const auto scope : key.scopes) names.push_back(meta::name_of(scope));
    return names;
}

http::Json modules_json(const meta::Key& key) {
    if (key.allowed_modules.empty()) return nullptr;
    return key.allowed_modules;
}

/// Adds what is not there yet.
template <typename T>
void insert_once(std::vector<T>& list, T value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

std::optional<http::Response> read_scopes(const http::Json& body, meta::NewKey& key) {
    const auto found = body.find("scopes");
    if (found == body.end() || found->is_null()) return http::missing_field("scopes");
    if (!found->is_array() || found->empty()) return http::invalid_field("scopes", kScopesRule);
    for (const auto& item : *found) {
        const auto* name = item.get_ptr<const std::string*>();
        const auto scope = name ? meta::scope_named(*name) : std::nullopt;
        if (!scope) return http::invalid_field("scopes", kScopesRule);
        insert_once(key.scopes, *scope);
    }
    return std::nullopt;
}

std::optional<http::Response> read_expiry(const http::Json& body, meta::NewKey& key) {
    const auto found = body.find("expires_at");
    if (found == body.end() || found->is_null()) return std::nullopt;
    const auto* text = found->get_ptr<const std::string*>();
    if (text && text->empty()) return std::nullopt;
    if (text) key.expires_ms = pulsekit::parse_date_time(*text);
    if (!key.expires_ms) return http::invalid_field("expires_at", "a valid ISO 8601 date-time or null");
    return std::nullopt;
}

std::optional<http::Response> read_modules(const http::Json& body, meta::NewKey& key) {
    const auto found = body.find("allowed_modules");
    if (found == body.end() || found->is_null()) return std::nullopt;
    if (!found->is_array()) return http::invalid_field("allowed_modules", "an array of module names or null");
    for (const auto& item : *found) {
        const auto* name = item.get_ptr<const std::string*>();
        if (!name || !model::module_named(*name)) {
            return http::invalid_field("allowed_modules", "an array of module names or null");
        }
        insert_once(key.allowed_modules, *name);
    }
    return std::nullopt;
}

std::variant<meta::NewKey, http::Response> read_key(http::Request& request) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    const auto& members = std::get<http::Json>(body);
    auto name = http::required_text(members, "name");
    if (auto* refused = std::get_if<http::Response>(&name)) return std::move(*refused);
    meta::NewKey key;
    key.project_id = request.path_value("id");
    key.name = std::get<std::string>(std::move(name));
    for (const auto read : {read_scopes, read_expiry, read_modules}) {
        if (auto refused = read(members, key)) return *std::move(refused);
    }
    return key;
}

http::Response shown(const meta::CreatedKey& created) {
    const auto& key = created.key;
    return {.status = 201,
            .body = http::to_text({{"id", key.id},
                                   {"key", created.secret},
                                   {"name", key.name},
                                   {"scopes", scopes_json(key)},
                                   {"allowed_modules", modules_json(key)},
                                   {"expires_at", instant(key.expires_ms)},
                                   {"created_at", instant(key.created_ms)}})};
}

http::Response create(Admin& admin, http::Request& request) {
    auto wanted = read_key(request);
    if (auto* refused = std::get_if<http::Response>(&wanted)) return std::move(*refused);
    const auto created = admin.catalog.create_key(std::get<meta::NewKey>(wanted));
    if (!created) {
        if (created.error().code == pulsekit::ErrorCode::not_found) {
            return http::not_found("Project", request.path_value("id"));
        }
        return http::failed(created.error());
    }
    return shown(*created);
}

http::Response list(Admin& admin, const http::Request& request) {
    const auto project_id = request.path_value("id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    http::Json data = http::Json::array();
    for (const auto& key : admin.catalog.keys(project_id)) {
        data.push_back({{"id", key.id},
                        {"name", key.name},
                        {"key_prefix", key.key_prefix},
                        {"scopes", scopes_json(key)},
                        {"allowed_modules", modules_json(key)},
                        {"expires_at", instant(key.expires_ms)},
                        {"created_at", instant(key.created_ms)},
                        {"last_used_at", instant(key.last_used_ms)}});
    }
    return {.body = http::to_text({{"data", std::move(data)}})};
}

/// 0 without a body, or without a word about it.
std::variant<std::int64_t, http::Response> read_overlap(http::Request& request) {
    if (request.body.empty()) return 0;
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<http::Response>(&body)) return std::move(*refused);
    const auto* member = http::member_of(std::get<http::Json>(body), "overlap_seconds");
    if (!member) return 0;
    if (!member->is_number_unsigned() || member->get<std::uint64_t>() > kMaxOverlapSeconds)
        return http::invalid_field("overlap_seconds", "an integer from 0 to 2592000");
    return member->get<std::int64_t>();
}

http::Response rotate(Admin& admin, http::Request& request) {
    const auto overlap = read_overlap(request);
    if (const auto* refused = std::get_if<http::Response>(&overlap)) return *refused;
    const auto project_id = request.path_value("id");
    const auto key_id = request.path_value("key_id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const auto rotated = admin.catalog.rotate_key(project_id, key_id, std::get<std::int64_t>(overlap));
    if (rotated) return shown(*rotated);
    if (rotated.error().code == pulsekit::ErrorCode::not_found) return http::not_found("API key", key_id);
    if (rotated.error().code == pulsekit::ErrorCode::invalid)
        return http::plain_error(400, "API key '" + std::string(key_id) + "' has expired: create another one.");
    return http::failed(rotated.error());
}

http::Response revoke(Admin& admin, const http::Request& request) {
    const auto project_id = request.path_value("id");
    const auto key_id = request.path_value("key_id");
    if (!admin.catalog.project(project_id)) return http::not_found("Project", project_id);
    const auto revoked = admin.catalog.revoke_key(project_id, key_id);
    if (revoked) return {.status = 204};
    if (revoked.error().code == pulsekit::ErrorCode::not_found) return http::not_found("API key", key_id);
    return http::failed(revoked.error());
}

}  // namespace

std::vector<http::Route> key_routes(Admin& admin) {
    return {
        guarded(admin, "POST", "/api/admin/projects/{id}/keys", "Creates a key; the answer alone shows it",
                {.request = R"({"name":"Website","scopes":["ingest"],"allowed_modules":null,"expires_at":null})",
                 .answer = R"({"id":"k1","key":"pa_live_xK9mPq2LwR7vN4cT8yB3zF6h","name":"Website","scopes":["ingest"],
                    "allowed_modules":null,"expires_at":null,"created_at":"2026-03-01T09:00:00Z"})",
                 .status = 201},
                [&admin](http::Request& request) { return create(admin, request); }),
        guarded(admin, "GET", "/api/admin/projects/{id}/keys", "Lists a project's keys, masked",
                {.answer = R"({"data":[{"id":"k1","name":"Website","key_prefix":"pa_live_xK9m...","scopes":["ingest"],
                    "allowed_modules":null,"expires_at":null,"created_at":"2026-03-01T09:00:00Z",
                    "last_used_at":null}]})"},
                [&admin](http::Request& request) { return list(admin, request); }),
        guarded(admin, "POST", "/api/admin/projects/{id}/keys/{key_id}/rotate",
                "Makes another key like this one, which stays valid for the overlap and is then expired, or is revoked",
                {.request = R"({"overlap_seconds":86400})",
                 .answer = R"({"id":"k2","key":"pa_live_3zF6hxK9mPq2LwR7vN4cT8yB","name":"Website","scopes":["ingest"],
                    "allowed_modules":null,"expires_at":null,"created_at":"2026-03-01T09:00:00Z"})",
                 .status = 201},
                [&admin](http::Request& request) { return rotate(admin, request); }),
        guarded(admin, "DELETE", "/api/admin/projects/{id}/keys/{key_id}", "Revokes a key at once", {.status = 204},
                [&admin](http::Request& request) { return revoke(admin, request); }),
    };
}

}  // namespace collector::admin
