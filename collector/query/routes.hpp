// The reports as HTTP routes.
#pragma once

#include <vector>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "meta/alerts.hpp"
#include "query/answer.hpp"

namespace collector::query {

/// One route a module of the list, for keys with the scope `query`. `access` and the sources must outlive the routes.
std::vector<http::Route> routes(meta::Access& access, const Sources& sources);

/// Where alerts are defined, which outlive the routes like `access`. With `loopback_too` they may tell webhooks on this
/// machine.
std::vector<http::Route> alert_routes(meta::Access& access, const Sources& sources, meta::Alerts& alerts,
                                      bool loopback_too);

}  // namespace collector::query
