// The administration API: one file a resource, and who may use it.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "meta/catalog.hpp"
#include "meta/experiments.hpp"
#include "meta/surveys.hpp"
#include "meta/webhooks.hpp"
#include "outbound/outbox.hpp"
#include "outbound/reach.hpp"

namespace collector::store {
class EventStore;
}

namespace collector::admin {

/// What the handlers work with; it outlives the routes.
struct Admin {
    meta::Catalog& catalog;
    meta::Access& access;
    meta::Experiments& experiments;
    meta::Surveys& surveys;
    store::EventStore& store;
    meta::Webhooks& webhooks;
    outbound::Outbox& outbox;
    pulsekit::Clock& clock;
    pulsekit::Random& random;
    outbound::Reach reach;                      ///< of webhooks
    std::string token;                          ///< empty: nobody is let in, not with an admin-scope key either
    std::function<void(std::string_view)> log;  ///< of what is to be known later
    std::stop_token stop;                       ///< nobody waits for answers any more
};

/// Every route of the administration API.
std::vector<http::Route> routes(Admin& admin);

/// GET /health and GET /ready, without credentials. The store outlives the routes.
std::vector<http::Route> health_routes(store::EventStore& store);

std::vector<http::Route> project_routes(Admin& admin);
std::vector<http::Route> key_routes(Admin& admin);
std::vector<http::Route> module_routes(Admin& admin);
std::vector<http::Route> data_routes(Admin& admin);
std::vector<http::Route> export_routes(Admin& admin);
std::vector<http::Route> webhook_routes(Admin& admin);
std::vector<http::Route> outbox_routes(Admin& admin);

/// Nothing when the request may act on that project, else the refusal. No project: on all of them, for which an
/// admin-scope key is not enough.
std::optional<http::Response> refusal(Admin& admin, const http::Request& request,
                                      const std::optional<std::string>& project_id);

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
