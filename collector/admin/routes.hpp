// The administration API: one file a resource, and who may use it.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <pulsekit/environment.hpp>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "meta/audit.hpp"
#include "meta/catalog.hpp"
#include "meta/deletions.hpp"
#include "meta/experiments.hpp"
#include "meta/surveys.hpp"
#include "meta/webhooks.hpp"
#include "outbound/forwarder.hpp"
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
    meta::Deletions& deletions;
    meta::Audit& audit;
    store::EventStore& store;
    meta::Webhooks& webhooks;
    outbound::Outbox& outbox;
    pulsekit::Clock& clock;
    pulsekit::Random& random;
    outbound::Reach reach;                ///< of webhooks
    std::string token;                    ///< empty: nobody is let in, not with an admin-scope key either
    std::vector<std::string> configured;  ///< projects that the settings name, by id or by name
    std::function<std::vector<outbound::ForwardingState>()> forwarding;  ///< how the forwarders do
    std::function<void(std::string_view)> log;                           ///< of what is to be known later
    std::function<void(std::string_view)> warn;                          ///< of what failed beside a request
    std::stop_token stop;                                                ///< nobody waits for answers any more
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
std::vector<http::Route> audit_routes(Admin& admin);

/// Who asks: `admin token`, or a key in its masked form.
using Caller = std::string;

/// Who may act on that project by this request, or the refusal. No project: on all of them, for which an admin-scope
/// key is not enough.
std::variant<Caller, http::Response> admitted(Admin& admin, const http::Request& request,
                                              const std::optional<std::string>& project_id);

/// The project that a request must be allowed to act on; nothing: all of them.
using Subject = std::function<std::optional<std::string>(const http::Request&)>;

/// Whether `{id}` in the pattern is a project's.
bool is_of_project(std::string_view pattern);
/// The one that `{id}` stands for.
std::optional<std::string> of_path(const http::Request& request);
/// Nothing: for the holder of the token alone.
std::optional<std::string> of_all(const http::Request& request);

/// The examples of a route: bodies as JSON, and the status of the answer.
struct Example {
    std::string request;  ///< empty: it takes no body
    std::string answer;   ///< empty: there is none
    int status = 200;
    std::vector<http::DocumentedParameter> parameters = {};
};

/// A route whose handler answers at once, after admitted() let the request pass; what it changes, or fails to, is
/// recorded before the answer goes. It acts on the project of the pattern, else on all.
http::Route guarded(Admin& admin, std::string method, std::string pattern, std::string summary, Example example,
                    std::function<http::Response(http::Request&)> serve);
/// Likewise on the subject.
http::Route guarded(Admin& admin, Subject subject, std::string method, std::string pattern, std::string summary,
                    Example example, std::function<http::Response(http::Request&)> serve);

}  // namespace collector::admin
