#include "tests/bench/query_collector.hpp"

#include <signal.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace bench {

using pulsekit::test::Process;

Collector::Collector(const std::string& binary, const std::string& data) {
    for (const char* name : {"PULSE_RATE_EVENTS", "PULSE_RATE_QUERY", "PULSE_RATE_ADMIN"}) setenv(name, "0", 1);
    process_ = std::make_unique<Process>(
        std::vector<std::string>{binary, "serve", "--dev", "--listen", "127.0.0.1:0", "--data", data}, data + ".log");
    const auto line = process_->read_line();
    if (!line || line->rfind("listening on ", 0) != 0) {
        throw std::runtime_error("the collector did not start: see " + data + ".log");
    }
    url_ = line->substr(std::strlen("listening on "));
    std::ifstream keys(data + "/dev.env");
    for (std::string entry; std::getline(keys, entry);) {
        const auto equals = entry.find('=');
        values_[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
}

std::uint16_t Collector::port() const {
    return static_cast<std::uint16_t>(std::strtoul(url_.c_str() + url_.rfind(':') + 1, nullptr, 10));
}

std::string Collector::send(const std::string& method, const std::string& path, const std::string& body) {
    pulsekit::HttpRequest request;
    request.method = method;
    request.url = url_ + path;
    request.headers = {{"X-Pulse-Key", value("PULSE_QUERY_KEY")},
                       {"Authorization", "Bearer " + value("PULSE_ADMIN_TOKEN")},
                       {"Content-Type", "application/json"}};
    request.body = body;
    request.timeout = std::chrono::minutes(10);
    auto answer = session_.perform(request);
    if (!answer) throw std::runtime_error(path + ": " + answer.error().message);
    if (answer->status / 100 != 2) {
        throw std::runtime_error(path + ": " + std::to_string(answer->status) + " " + answer->body);
    }
    return answer->body;
}

double Collector::anonymous_mb() const {
    std::ifstream status("/proc/" + std::to_string(process_->id()) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("RssAnon:", 0) == 0) return std::strtod(line.c_str() + 8, nullptr) / 1024;
    }
    return 0;
}

void Collector::stop() {
    process_->signal(SIGTERM);
    if (const int status = process_->wait(); status != 0) {
        throw std::runtime_error("the collector ended with " + std::to_string(status));
    }
}

}  // namespace bench
