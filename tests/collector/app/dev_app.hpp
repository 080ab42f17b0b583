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

/// Starts one, without limits of rates, and for the rest as `config` says. The clock must outlive it.
inline DevApp start_dev_app(const std::string& data_directory, pulsekit::Clock& clock, app::Config config = {}) {
    config.port = 0;
    config.data = data_directory;
    config.dev = true;
    config.rates = {.ingest = 0, .events = 0, .query = 0, .admin = 0};
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
