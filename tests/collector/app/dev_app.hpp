// A collector in development mode, on a port and a data directory of its own.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>

#include <pulsekit/environment.hpp>

#include "app/app.hpp"
#include "app/config.hpp"

namespace collector::test {

struct DevApp {
    std::unique_ptr<app::App> app;
    std::string url;
    std::map<std::string, std::string> keys;  ///< of dev.env, by its names
};

/// What a collector is started with, unless a test says otherwise.
inline app::Config without_limits() {
    app::Config config;
    config.rates = {.ingest = 0, .events = 0, .query = 0, .admin = 0};
    return config;
}

/// Starts one. The clock must outlive it.
inline DevApp start_dev_app(const std::string& data_directory, pulsekit::Clock& clock,
                            app::Config config = without_limits()) {
    config.port = 0;
    config.data = data_directory;
    config.dev = true;
    DevApp started{.app = std::make_unique<app::App>(config, clock), .url = {}, .keys = {}};
    auto address = started.app->start();
    EXPECT_TRUE(address.ok()) << address.error().message;
    if (address) started.url = *address;
    std::ifstream file(data_directory + "/dev.env");
    for (std::string line; std::getline(file, line);) {
        const auto equals = line.find('=');
        if (equals != std::string::npos) started.keys[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return started;
}

}  // namespace collector::test
