// The collector, wired: the only place that knows every room.
#pragma once

#include <memory>
#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "app/config.hpp"

namespace collector::app {

/// One running collector. start() and stop() from one thread.
class App {
public:
    /// The clock must outlive it.
    App(Config config, pulsekit::Clock& clock);
    ~App();  ///< stops

    /// Opens the data, then the door. The value is the address, `http://HOST:PORT`.
    pulsekit::Result<std::string> start();

    /// Stops accepting, answers and commits what was accepted. Idempotent.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::app
