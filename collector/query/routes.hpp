// The reports as HTTP routes.
#pragma once

#include <vector>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "query/answer.hpp"

namespace collector::query {

/// One route a module of the list, for keys with the scope `query`. `access` and the sources must outlive the routes.
std::vector<http::Route> routes(meta::Access& access, const Sources& sources);

}  // namespace collector::query
