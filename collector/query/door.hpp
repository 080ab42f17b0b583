// Who is let in to what: the credential, the scope, the rate and the module of a request, in this order.
#pragma once

#include <functional>
#include <string_view>

#include "http/route.hpp"
#include "meta/access.hpp"
#include "query/answer.hpp"
#include "query/protocol.hpp"

namespace collector::query {

/// What stands before a report or a definition.
struct Door {
    const Protocol& protocol;
    std::string_view gate;                                   ///< as Module::gate
    std::string_view key_module;                             ///< as Module::key_module
    model::ModuleAccess needed = model::ModuleAccess::read;  ///< of the gate: to read or to write
};

using Serve = std::function<http::Response(http::Request& request, const meta::Project& project)>;

/// Serves those whom the door admits. `access` outlives the handler.
http::Handler behind(const Door& door, meta::Access& access, const Sources& sources, Serve serve);

}  // namespace collector::query
