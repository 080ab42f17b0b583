// Forwarding as a whole collector does it: from its settings to its metrics.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "store/open.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/collector/support/waiting_clock.hpp"
#include "tests/support/analytics_service.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using pulsekit::test::AnalyticsService;
using pulsekit::test::Metrics;

constexpr std::int64_t kNoon = 1'772'712'000'000;  // 2026-03-05T12:00:00Z

class ForwardingTest : public testing::Test {
protected:
    ForwardingTest() {
        config_.forwarding.enabled = true;
        config_.forwarding.services["amplitude"] = {.enabled = true, .key = "a-key", .url = amplitude_.url()};
        config_.forwarding.services["mixpanel"] = {.enabled = true, .key = "a-token", .url = mixpanel_.url()};
    }
    void start() { dev_ = test::start_dev_app(folder_.file("data"), clock_, config_); }

    void send(const std::string& path, const std::string& body) const {
        const auto& key = dev_.keys.at("PULSE_INGEST_KEY");
        const auto reply = pulsekit::test::http(
            "POST", dev_.url + path, {"Content-Type: application/json", "X-PG-API-Key: " + key, "X-Pulse-Key: " + key},
            body);
        EXPECT_EQ(reply.status / 100, 2) << reply.body;
    }
    void send(const std::string& id) const {
        send("/v1/events", R"({"events":[{"event_id":")" + id +
                               R"(","project_id":"shop","session.id":"session-7",)"
                               R"("event.type":"page.view","event.timestamp":"2026-03-05T12:00:00Z"}]})");
    }
    std::string metrics_text() const { return pulsekit::test::http("GET", dev_.url + "/metrics").body; }

    pulsekit::test::WaitingClock clock_{kNoon};
    const pulsekit::test::TemporaryFolder folder_;
    AnalyticsService amplitude_{std::make_unique<pulsekit::test::AmplitudeRules>("a-key")};
    AnalyticsService mixpanel_{
        std::make_unique<pulsekit::test::MixpanelRules>("a-token", [this] { return clock_.unix_ms(); })};
    Config config_ = test::without_limits();
    test::DevApp dev_;
};

TEST_F(ForwardingTest, IsTimelyAndMeasured) {
    start();
    send("e-1");
    send("/api/collect", R"({"type":"pageview","path":"/"})");
    send("e-1");
    send("e-2");
    clock_.advance_until([&] { return amplitude_.taken().size() == 2 && mixpanel_.taken().size() == 2; });
    EXPECT_LT(clock_.unix_ms(), kNoon + 10'000);
    clock_.advance_until([&] { return Metrics(metrics_text()).sum("pulse_forwarded_events_total") == 4; });
    clock_.advance_until([&] { return Metrics(metrics_text()).sum("pulse_forwarding_lag_events") == 0; });
    amplitude_.answer([](std::size_t, const auto&) -> std::optional<AnalyticsService::Reply> {
        return AnalyticsService::Reply{.bytes = "", .reset = true};
    });
    mixpanel_.answer([](std::size_t, const auto&) -> std::optional<AnalyticsService::Reply> {
        return pulsekit::test::ScriptedServer::answer(400, "");
    });
    send("e-3");
    clock_.advance_until([&] {
        const Metrics metrics(metrics_text());
        return metrics.at("pulse_forwarding_failures", {{"provider", "amplitude"}}) >= 2 &&
               metrics.at("pulse_forwarding_dropped_events_total", {{"provider", "mixpanel"}, {"reason", "refused"}}) ==
                   1;
    });
    const Metrics metrics(metrics_text());
    EXPECT_EQ(metrics.at("pulse_forwarded_events_total", {{"provider", "amplitude"}}), 2);
    EXPECT_GE(metrics.at("pulse_forwarding_retries_total", {{"provider", "amplitude"}}), 2);
    EXPECT_EQ(metrics.at("pulse_forwarding_lag_events", {{"provider", "amplitude"}}), 1);
    EXPECT_GE(metrics.at("pulse_forwarding_lag_seconds", {{"provider", "amplitude"}}), 0.001);
    EXPECT_EQ(metrics.at("pulse_forwarding_skipped_events_total", {{"provider", "mixpanel"}}), 0);
    EXPECT_EQ(metrics.at("pulse_forwarding_retries_total", {{"provider", "mixpanel"}}), 0);
}

TEST_F(ForwardingTest, OfEveryProtocolWhenAsked) {
    config_.forwarding.every_dialect = true;
    start();
    send("/api/collect", R"({"type":"pageview","path":"/","event_id":"c-1"})");
    send("e-1");
    clock_.advance_until([&] { return amplitude_.taken().size() == 2; });
    EXPECT_EQ(amplitude_.taken(), (std::vector<std::string>{"c-1", "e-1"}));
}

TEST_F(ForwardingTest, IsOffUnlessItIsWhollyConfigured) {
    for (const bool has_keys : {false, true}) {
        config_.forwarding.enabled = !has_keys;
        for (auto& [name, service] : config_.forwarding.services) {
            if (!has_keys) service.key.clear();
        }
        start();
        send("e-" + std::to_string(has_keys));
        EXPECT_EQ(metrics_text().find("pulse_forward"), std::string::npos);
        dev_.app.reset();
        config_.forwarding.services["amplitude"].key = "a-key";
        config_.forwarding.services["mixpanel"].key = "a-token";
    }
    EXPECT_EQ(amplitude_.requests() + mixpanel_.requests(), 0u);
}

TEST_F(ForwardingTest, ABackupHasTheCursorsAndIsWhole) {
    start();
    send("e-1");
    clock_.advance_until([&] { return Metrics(metrics_text()).sum("pulse_forwarded_events_total") == 2; });
    dev_.app->stop();
    dev_.app.reset();
    const auto no_problems = store::check_store(folder_.file("data"));
    ASSERT_TRUE(no_problems);
    EXPECT_EQ(*no_problems, std::vector<std::string>());
    std::filesystem::create_directory(folder_.file("restored"));
    ASSERT_TRUE(store::backup_store(folder_.file("data"), folder_.file("restored/pulse.sqlite"), {}));
    const auto still_none = store::check_store(folder_.file("restored"));
    ASSERT_TRUE(still_none);
    EXPECT_EQ(*still_none, std::vector<std::string>());
    dev_ = test::start_dev_app(folder_.file("restored"), clock_, config_);
    send("e-2");
    clock_.advance_until([&] { return amplitude_.taken().size() == 2; });
    EXPECT_EQ(amplitude_.taken(), (std::vector<std::string>{"e-1", "e-2"}));
}

}  // namespace
}  // namespace collector::app
