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

/// What both say of a route: under which heading it stands, ...
std::string group_of(const http::Route& route);
/// ... which credential it takes, as a sentence; empty when it takes none, ...
std::string credential_of(const http::Route& route);
/// ... and what it takes besides: the placeholders of its path, then what is documented.
std::vector<http::DocumentedParameter> parameters_of(const http::Route& route);
bool is_in_path(const http::Route& route, const http::DocumentedParameter& parameter);

}  // namespace collector::app
