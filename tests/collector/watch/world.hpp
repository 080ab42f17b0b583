// What runs on the clock, over a real store and a real database, on a clock that a test sets. Messages are handed over
// as to the outbox, in a transaction of a connection of its own, and recorded.
//
// The project `p` is Shop, with every module switched on.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meta/alerts.hpp"
#include "meta/catalog.hpp"
#include "meta/database.hpp"
#include "model/module.hpp"
#include "store/open.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/compact.hpp"
#include "tests/collector/query/defining.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"
#include "watch/alerts.hpp"
#include "watch/traffic.hpp"

namespace collector::watch::test {

using http::Json;

class World {
public:
    explicit World(std::int64_t start_ms, const Json& definitions = Json::object()) : clock_(start_ms) {
        { query::test::Defined made(path(), definitions); }
        auto database = meta::open_database(path()).value();
        EXPECT_TRUE(database.execute("UPDATE projects SET name = 'Shop', domain = 'shop.example' WHERE id = 'p'").ok());
        open();
        Json all = Json::object();
        for (const auto& module : model::modules()) all[std::string(module.name)] = true;
        switch_modules(all);
    }

    /// As after the end of the process and a new start.
    void restart() {
        alert_watch_.reset();
        traffic_watch_.reset();
        outbox_.reset();
        alerts_.reset();
        catalog_.reset();
        definitions_.reset();
        experiments_.reset();
        surveys_.reset();
        store_.reset();
        open();
    }

    /// What the scheduler does each minute.
    void run() {
        traffic_watch_->run();
        alert_watch_->run();
    }

    void set_clock(std::int64_t unix_ms) { clock_.advance(std::chrono::milliseconds(unix_ms - clock_.unix_ms())); }

    /// In their compact form; `at` may be `now`.
    void append(Json compact) {
        for (auto& one : compact) {
            if (one.at("at") == "now") one["at"] = pulsekit::date_time_ms_text(clock_.unix_ms());
        }
        auto events = query::test::events_of(compact);
        for (auto& event : events) event.event_id = "event-" + std::to_string(appended_++);
        if (events.empty()) return;
        ASSERT_TRUE(store_->append(events).ok());
    }

    /// {"webvitals": false}
    void switch_modules(const Json& wanted) {
        std::vector<meta::ModuleChange> changes;
        for (const auto& [name, enabled] : wanted.items()) {
            changes.push_back({.module = model::index_of_module(name), .enabled = enabled.get<bool>(), .access = {}});
        }
        ASSERT_TRUE(catalog_->change_modules("p", changes).ok());
    }

    std::vector<outbound::Message> take_sent() { return std::exchange(sent_, {}); }

    pulsekit::test::ManualClock& clock() { return clock_; }
    meta::Alerts& alerts() { return *alerts_; }
    store::EventStore& store() { return *store_; }
    pulsekit::sqlite::Database database() const { return meta::open_database(path()).value(); }
    std::string path() const { return folder_.file("pulse.sqlite"); }

    std::map<std::string, std::vector<std::string>> webhooks;  ///< of `p`: what each wants
    std::string failure;                                       ///< of what is handed over; empty: none
    std::vector<std::string> warnings;

    AlertParts alert_parts(store::EventStore& store, std::stop_token stop = {}) {
        return {
            .catalog = *catalog_, .alerts = *alerts_, .reports = reports(store, stop), .send = send(), .warn = warn()};
    }
    TrafficParts traffic_parts(store::EventStore& store, std::stop_token stop = {}) {
        return {.catalog = *catalog_,
                .subscriptions = [this](std::string_view project_id) { return subscriptions(project_id); },
                .reports = reports(store, stop),
                .send = send(),
                .warn = warn()};
    }

private:
    void open() {
        store_ = store::open_store({.data_directory = folder_.path().string(), .sync = store::Sync::normal}, random_)
                     .value();
        definitions_ = meta::Definitions::open(path(), clock_, random_).value();
        catalog_ = meta::Catalog::open(path(), clock_, random_).value();
        experiments_ = meta::Experiments::open(path(), clock_, random_).value();
        surveys_ = meta::Surveys::open(path(), clock_, random_).value();
        alerts_ = meta::Alerts::open(path(), clock_, random_).value();
        outbox_ = std::make_unique<pulsekit::sqlite::Database>(meta::open_database(path()).value());
        alert_watch_ = std::make_unique<AlertWatch>(alert_parts(*store_));
        traffic_watch_ = TrafficWatch::open(path(), traffic_parts(*store_)).value();
    }

    Reports reports(store::EventStore& store, std::stop_token stop) {
        return {.store = store,
                .definitions = *definitions_,
                .experiments = *experiments_,
                .surveys = *surveys_,
                .clock = clock_,
                .stop = std::move(stop)};
    }

    Send send() {
        return [this](const std::vector<outbound::Message>& messages, const Also& also) -> pulsekit::Result<void> {
            auto transaction = pulsekit::sqlite::Transaction::begin(*outbox_);
            if (!transaction) return std::move(transaction).error();
            if (auto done = also(*outbox_); !done) return done;
            if (!failure.empty()) return pulsekit::Error{pulsekit::ErrorCode::unavailable, failure};
            if (auto done = transaction->commit(); !done) return done;
            sent_.insert(sent_.end(), messages.begin(), messages.end());
            return {};
        };
    }

    std::function<void(std::string_view)> warn() {
        return [this](std::string_view text) { warnings.emplace_back(text); };
    }

    pulsekit::Result<std::vector<Subscription>> subscriptions(std::string_view project_id) const {
        std::vector<Subscription> all;
        if (project_id != "p") return all;
        for (const auto& [id, events] : webhooks) all.push_back({.id = id, .events = events});
        return all;
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_;
    pulsekit::test::CountingRandom random_;
    std::size_t appended_ = 0;
    std::vector<outbound::Message> sent_;
    std::unique_ptr<store::EventStore> store_;
    std::unique_ptr<meta::Definitions> definitions_;
    std::unique_ptr<meta::Experiments> experiments_;
    std::unique_ptr<meta::Surveys> surveys_;
    std::unique_ptr<meta::Catalog> catalog_;
    std::unique_ptr<meta::Alerts> alerts_;
    std::unique_ptr<pulsekit::sqlite::Database> outbox_;
    std::unique_ptr<AlertWatch> alert_watch_;
    std::unique_ptr<TrafficWatch> traffic_watch_;
};

/// As the API takes one; channels are `webhook` and `email` addresses.
inline meta::AlertRule rule_of(const Json& json) {
    meta::AlertRule rule{.name = json.value("name", "A"),
                         .module = json.at("module"),
                         .metric = json.at("metric"),
                         .compared = meta::operator_named(json.at("operator").get<std::string>()).value(),
                         .threshold = json.at("threshold"),
                         .window_minutes = json.value("window_minutes", 60),
                         .cooldown_minutes = json.value("cooldown_minutes", 360),
                         .channels = {}};
    for (const auto& channel : json.value("notify_channels", Json::array())) {
        const auto type = meta::channel_type_named(channel.at("type").get<std::string>()).value();
        const bool is_webhook = type == meta::AlertChannel::Type::webhook;
        rule.channels.push_back({.type = type, .target = channel.at(is_webhook ? "url" : "address")});
    }
    return rule;
}

}  // namespace collector::watch::test
