// The reports as HTTP routes.
#pragma once

#include <vector>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "meta/alerts.hpp"
#include "outbound/reach.hpp"
#include "query/answer.hpp"

namespace collector::query {

/// One route a module of the list, for keys with the scope `query`. `access` and the sources must outlive the routes.
std::vector<http::Route> routes(meta::Access& access, const Sources& sources);

/// Where alerts are defined, which outlive the routes like `access`. With `reach` they may tell webhooks on this
/// machine.
std::vector<http::Route> alert_routes(meta::Access& access, const Sources& sources, meta::Alerts& alerts,
                                      outbound::Reach reach);

}  // namespace collector::query
