// The collector that the query benchmark asks.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "support/curl/http.hpp"
#include "tests/support/process.hpp"

namespace bench {

/// The real pulse-collector on a data folder, until it is destroyed. One thread at a time. Throws what goes wrong.
class Collector {
public:
    Collector(const std::string& binary, const std::string& data);

    /// Of its dev.env.
    const std::string& value(const std::string& name) const { return values_.at(name); }
    std::uint16_t port() const;

    /// The body of its answer.
    std::string send(const std::string& method, const std::string& path, const std::string& body = {});
    double anonymous_mb() const;
    /// SIGTERM, and its end.
    void stop();

private:
    std::unique_ptr<pulsekit::test::Process> process_;
    std::string url_;
    std::map<std::string, std::string> values_;
    pulsekit::curl::Session session_;
};

}  // namespace bench
