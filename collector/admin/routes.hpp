// The administration API: one file a resource, and who may use it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <pulsekit/environment.hpp>

#include "http/json.hpp"
#include "http/route.hpp"
#include "meta/access.hpp"
#include "meta/catalog.hpp"

namespace collector::store {
class EventStore;
}

namespace collector::admin {

/// What the handlers work with; it outlives the routes.
struct Admin {
    meta::Catalog& catalog;
    meta::Access& access;
    std::string token;  ///< empty: nobody is let in, not with an admin-scope key either
};

/// Every route of the administration API.
std::vector<http::Route> routes(Admin& admin);

/// GET /health and GET /ready, without credentials. The store outlives the routes.
std::vector<http::Route> health_routes(store::EventStore& store);

std::vector<http::Route> project_routes(Admin& admin);
std::vector<http::Route> key_routes(Admin& admin);
std::vector<http::Route> module_routes(Admin& admin);

/// Nothing when the request may act on that project, else the refusal. No project: on all of them, for which an
/// admin-scope key is not enough.
std::optional<http::Response> refusal(Admin& admin, const http::Request& request,
                                      const std::optional<std::string>& project_id);

/// The request's JSON object, or the refusal.
std::variant<http::Json, http::Response> object_of(http::Request& request);

/// The text of a required member, or the refusal.
std::variant<std::string, http::Response> required_text(const http::Json& body, const char* name);

http::Response invalid_field(std::string_view name, std::string_view rule);
http::Response missing_field(std::string_view name);
http::Response not_found(std::string_view what, std::string_view id);
http::Response failed(const pulsekit::Error& error);

/// The examples of a route: bodies as JSON, and the status of the answer.
struct Example {
    std::string request;  ///< empty: it takes no body
    std::string answer;   ///< empty: there is none
    int status = 200;
    std::vector<http::DocumentedParameter> parameters = {};
};

/// A route whose handler answers at once, after refusal() let the request pass. With `{id}` in the pattern it acts on
/// that project, else on all.
http::Route guarded(Admin& admin, std::string method, std::string pattern, std::string summary, Example example,
                    std::function<http::Response(http::Request&)> serve);

}  // namespace collector::admin
