// The API described from the routes that are served: nothing can be served and not be in it.
#pragma once

#include <string>
#include <vector>

#include "http/route.hpp"

namespace collector::app {

/// An OpenAPI 3.1 document.
std::string openapi_json(const std::vector<http::Route>& routes);

/// The same for people, as a page without scripts.
std::string api_page(const std::vector<http::Route>& routes);

}  // namespace collector::app
