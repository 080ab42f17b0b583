// Finds the route of a request.
#pragma once

#include <string>
#include <vector>

#include "http/route.hpp"

namespace collector::http {

/// Immutable after construction; safe from any thread.
class Router {
public:
    explicit Router(std::vector<Route> routes);

    struct Match {
        const Route* route = nullptr;    ///< null: see allow
        std::string allow;               ///< the methods of a path that is known by others: 405; empty: 404
        const Route* sibling = nullptr;  ///< a route of that path, for its envelope
    };

    /// Fills the request's path_values when a route matches.
    Match find(Request& request) const;

    const std::vector<Route>& routes() const { return routes_; }

private:
    std::vector<Route> routes_;
    std::vector<std::vector<std::string>> segments_;  // of each route's pattern
};

}  // namespace collector::http
