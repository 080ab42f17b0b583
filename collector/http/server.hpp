// The HTTP/1.1 server: who is served by which handler. Connections are parking.hpp's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/parking.hpp"
#include "http/route.hpp"

namespace collector::http {

/// Serves a list of routes. A handler may keep its Responder and answer later: no thread waits for it.
class Server {
public:
    struct Options {
        std::string host = "127.0.0.1";
        int port = 8080;               ///< 0 takes a free one
        std::size_t threads = 4;       ///< that run handlers
        std::size_t slow_threads = 4;  ///< that run those of slow routes
        ParkingLimits limits;
        /// Path prefixes whose unknown paths are answered in another envelope than the plain one.
        std::vector<std::pair<std::string, Envelope>> not_found_envelopes;
        std::function<void(std::string_view)> log;
        std::function<void()> give_up;  ///< called by stop() when what is still being done is for nobody any more
    };

    Server(std::vector<Route> routes, Options options);
    ~Server();  ///< stops

    /// Binds and starts to accept. The value is the port.
    pulsekit::Result<int> start();

    /// Stops accepting, answers what was accepted as far as that comes in time, and joins. Idempotent.
    void stop();

    const std::vector<Route>& routes() const;
    const ServerCounters& counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::http
