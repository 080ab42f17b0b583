// The HTTP/1.1 server. server.cpp is the only file that includes cpp-httplib.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/route.hpp"

namespace collector::http {

/// Serves a list of routes. A handler may keep its Responder and answer later; in this server the connection's thread
/// waits for it, a detail that no handler can see.
class Server {
public:
    struct Options {
        std::string host = "127.0.0.1";
        int port = 8080;            ///< 0 takes a free one
        std::size_t threads = 256;  ///< also the number of keep-alive connections that are served at a time
        std::size_t max_body_bytes = 10'485'760;  ///< as received; a larger body is answered 413
        /// Path prefixes whose unknown paths are answered in another envelope than the plain one.
        std::vector<std::pair<std::string, Envelope>> not_found_envelopes;
        std::function<void(std::string_view)> log;
    };

    Server(std::vector<Route> routes, Options options);
    ~Server();  ///< stops

    /// Binds and starts to accept. The value is the port.
    pulsekit::Result<int> start();

    /// Stops accepting, answers what was accepted, and joins. Idempotent.
    void stop();

    const std::vector<Route>& routes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::http
