// What browsers ask before they send a request of another origin (Fetch standard, CORS protocol).
#pragma once

#include <string>

#include "http/message.hpp"

namespace collector::http {

/// `allow`: the methods of the path.
inline Response preflight(const std::string& allow) {
    return {.status = 204,
            .headers = {{"Allow", allow},
                        {"Access-Control-Allow-Methods", allow},
                        {"Access-Control-Allow-Headers",
                         "Content-Type, Content-Encoding, Authorization, X-Pulse-Key, X-PG-API-Key, X-API-Key, "
                         "X-Share-Password"},
                        {"Access-Control-Max-Age", "86400"}}};
}

}  // namespace collector::http
