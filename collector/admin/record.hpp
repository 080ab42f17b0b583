// What the audit log keeps of a request that changed something, or tried to.
#pragma once

#include <string>
#include <vector>

#include "admin/routes.hpp"

namespace collector::admin {

/// Of a route.
struct Recorded {
    std::string pattern;
    std::vector<std::string> members;  ///< of the body that may be named; never their values
};

/// The names of the members of a JSON object; none when it is empty.
std::vector<std::string> members_of(const std::string& object);

/// Writes the line. A failure is warned of, and the answer stays what it is: the change has happened. `sent` has the
/// body as it came.
void record(Admin& admin, const Recorded& recorded, const Caller& caller, const http::Request& request,
            http::Request& sent, const http::Response& response);

}  // namespace collector::admin
