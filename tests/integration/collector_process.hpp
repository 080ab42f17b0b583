// The real pulse-collector on a port of its own, with development keys.
#pragma once

#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/sqlite/database.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/process.hpp"

namespace pulsekit::test {

class CollectorProcess {
public:
    explicit CollectorProcess(std::string data) : data_(std::move(data)) { start("127.0.0.1:0"); }

    const std::string& url() const { return url_; }
    const std::string& data() const { return data_; }
    pid_t process_id() const { return process_->id(); }
    const std::string& key(const std::string& name) const { return keys_.at(name); }

    void kill() {
        process_->signal(SIGKILL);
        process_->wait();
    }
    /// SIGTERM; its exit status.
    int stop() {
        signal_stop();
        return wait();
    }
    /// The halves of stop().
    void signal_stop() { process_->signal(SIGTERM); }
    int wait() { return process_->wait(); }
    /// On the same port and data as before.
    void restart() { start(url_.substr(std::string("http://").size())); }

    nlohmann::json ask(const std::string& report, const std::string& parameters = {}) const {
        const auto reply = http("GET", url_ + "/api/v1/" + report + "?start_at=2000-01-01" + parameters,
                                {"X-Pulse-Key: " + key("PULSE_QUERY_KEY")});
        if (reply.status != 200) throw std::runtime_error(report + ": " + reply.body);
        return nlohmann::json::parse(reply.body);
    }

    /// How often each event id is stored, those of the SDK's own reports left out. Reads the database beside the
    /// running collector.
    std::map<std::string, int> stored_ids() const {
        auto database = sqlite::Database::open(data_ + "/pulse.sqlite", sqlite::Access::read_only);
        if (!database) throw std::runtime_error(database.error().message);
        auto rows = database->prepare(kEventIds);
        if (!rows) throw std::runtime_error(rows.error().message);
        std::map<std::string, int> ids;
        for (auto row = rows->step(); row.ok() && *row; row = rows->step()) ++ids[std::string(rows->text(0))];
        return ids;
    }

    /// Whether any event has that text, save in its properties. Reads as stored_ids() does.
    bool knows_text(const std::string& text) const {
        auto database = sqlite::Database::open(data_ + "/pulse.sqlite", sqlite::Access::read_only);
        if (!database) throw std::runtime_error(database.error().message);
        auto rows = database->prepare("SELECT 1 FROM event_texts WHERE text = ?1");
        if (!rows) throw std::runtime_error(rows.error().message);
        rows->bind(1, text);
        const auto row = rows->step();
        return row.ok() && *row;
    }

    /// The properties of the events called `name`, in the order of arrival. Reads as stored_ids() does.
    std::vector<nlohmann::json> stored_properties(const std::string& name) const {
        auto database = sqlite::Database::open(data_ + "/pulse.sqlite", sqlite::Access::read_only);
        if (!database) throw std::runtime_error(database.error().message);
        auto rows = database->prepare(kProperties);
        if (!rows) throw std::runtime_error(rows.error().message);
        rows->bind(1, name);
        std::vector<nlohmann::json> found;
        for (auto row = rows->step(); row.ok() && *row; row = rows->step()) {
            found.push_back(nlohmann::json::parse(rows->text(0)));
        }
        return found;
    }

private:
    static constexpr const char* kEventIds = "SELECT event_id FROM readable_events WHERE kind <> 10";
    static constexpr const char* kProperties = "SELECT props FROM readable_events WHERE name = ?1 ORDER BY id";

    void start(const std::string& listen) {
        process_ = std::make_unique<Process>(
            std::vector<std::string>{PULSEKIT_COLLECTOR_BINARY, "serve", "--dev", "--listen", listen, "--data", data_},
            data_ + ".log");
        const auto line = process_->read_line();
        const std::string prefix = "listening on ";
        if (!line || line->compare(0, prefix.size(), prefix) != 0)
            throw std::runtime_error("the collector did not start: see " + data_ + ".log");
        url_ = line->substr(prefix.size());
        std::ifstream file(data_ + "/dev.env");
        for (std::string entry; std::getline(file, entry);) {
            const auto equals = entry.find('=');
            keys_[entry.substr(0, equals)] = entry.substr(equals + 1);
        }
    }

    std::string data_;
    std::string url_;
    std::map<std::string, std::string> keys_;
    std::unique_ptr<Process> process_;
};

}  // namespace pulsekit::test
