// The reports of shared dashboards: for whoever has the token, without a key.
#pragma once

#include <vector>

#include <pulsekit/environment.hpp>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "query/answer.hpp"

namespace collector::query {

/// One route for the dashboard, and one a report that can be shared: any that belongs to a module. `access` and the
/// sources outlive them; `random` is used here alone.
std::vector<http::Route> shared_routes(meta::Access& access, const Sources& sources, pulsekit::Random& random);

}  // namespace collector::query
