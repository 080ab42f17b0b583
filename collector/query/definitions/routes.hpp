// Definitions over HTTP: what a project's keys create, list, read, change and delete. One file a kind.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/json.hpp"
#include "http/message.hpp"
#include "http/route.hpp"
#include "meta/access.hpp"
#include "query/answer.hpp"
#include "query/door.hpp"

namespace collector::query {

/// `access` and the sources outlive the routes.
std::vector<http::Route> funnel_routes(meta::Access& access, const Sources& sources);
std::vector<http::Route> goal_routes(meta::Access& access, const Sources& sources);
std::vector<http::Route> experiment_routes(meta::Access& access, const Sources& sources);
std::vector<http::Route> survey_routes(meta::Access& access, const Sources& sources);
std::vector<http::Route> share_routes(meta::Access& access, const Sources& sources);

inline constexpr std::size_t kMaxPathLength = 2048;

/// What the routes of one kind are told of.
struct DefinitionRoute {
    std::string_view method;
    std::string_view pattern;
    std::string_view summary;
    std::string request = {};  ///< an example for the API document, as JSON, like the next
    std::string answer = {};
    int status = 200;  ///< of that answer
    Takes takes = {};
};

/// A GET reads from the module, any other method writes to it.
http::Route definition_route(const DefinitionRoute& route, std::string_view module, meta::Access& access,
                             const Sources& sources, Serve serve);

http::Response answered(int status, const http::Json& json);

/// For an error about the `what` with this id; one that is `invalid` has its text for the client.
http::Response refused(const pulsekit::Error& error, std::string_view what, std::string_view id);

}  // namespace collector::query
