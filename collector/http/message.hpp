// A request and its answer as plain values: nothing here knows the HTTP library.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/headers.hpp"

namespace collector::http {

struct Request {
    std::string method;
    std::string path;  ///< decoded, without the query
    Headers headers;
    std::vector<std::pair<std::string, std::string>> query;       ///< decoded, in order
    std::map<std::string, std::string, std::less<>> path_values;  ///< what `{name}` in the route's pattern stood for
    std::string body;                                             ///< as received: still in its Content-Encoding
    std::string remote_address;                                   ///< of the connection, not of X-Forwarded-For
    /// Asked to stop when the client ends its connection, or its half of it, while the request is under way: most
    /// likely nobody waits for the answer any more.
    std::stop_token gone;

    /// First header of that name, any case.
    std::optional<std::string_view> header(std::string_view name) const { return headers.find(name); }
    /// First query parameter of that name.
    std::optional<std::string_view> parameter(std::string_view name) const;
    /// Every value of a repeated query parameter.
    std::vector<std::string_view> parameters(std::string_view name) const;
    /// What `{name}` in the pattern stood for; empty when the pattern has none.
    std::string_view path_value(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";  ///< not sent with 204
    std::vector<std::pair<std::string, std::string>> headers;
    /// Set: gives the body, in place of `body`, piece by piece, each when the client has taken the one before; an empty
    /// piece is the end. An error cuts the connection: the client can tell that it has not all. Called on the threads
    /// of slow routes, on one at a time.
    std::function<pulsekit::Result<std::string>()> next_piece;
};

}  // namespace collector::http
