// What the real collector forwards, whatever becomes of it meanwhile.
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "tests/integration/collector_process.hpp"
#include "tests/support/analytics_service.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/variable.hpp"

namespace pulsekit {
namespace {

using test::AnalyticsService;
using test::CollectorProcess;
using test::Variable;
using Ids = std::set<std::string>;

constexpr const char* kKey = "key-of-a-service";

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::optional<AnalyticsService::Reply> hang(std::size_t, const std::vector<test::JsonValue>&) {
    return AnalyticsService::Reply{.bytes = "", .hang = true};
}

/// For a minute at most: what is to be is expected later.
template <typename Predicate>
void wait_for(Predicate holds) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!holds() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
}

Ids distinct(const AnalyticsService& service) {
    const auto taken = service.taken();
    return {taken.begin(), taken.end()};
}

class Forwarding : public testing::Test {
protected:
    /// Posts events until they are taken, to a collector that may be gone for a while.
    static void post(const std::string& url, const std::string& key, int batch, int count) {
        auto body = nlohmann::json{{"events", nlohmann::json::array()}};
        for (int i = 0; i < count; ++i) {
            body["events"].push_back({{"event_id", "k-" + std::to_string(batch) + "-" + std::to_string(i)},
                                      {"project_id", "shop"},
                                      {"session.id", "session-" + std::to_string(batch % 100)},
                                      {"event.type", "ui.click"},
                                      {"event.timestamp", timestamp()},
                                      {"metadata", {{"number", i}}}});
        }
        for (;;) {
            try {
                const auto reply = test::http("POST", url + "/v1/events",
                                              {"Content-Type: application/json", "X-PG-API-Key: " + key}, body.dump());
                if (reply.status == 202) return;
            } catch (const std::runtime_error&) {
                std::this_thread::yield();  // it is being restarted
            }
        }
    }
    static std::string timestamp() {
        const std::time_t now = std::time(nullptr);
        char text[32];
        std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
        return text;
    }
    static void expect_arrived(const AnalyticsService& service, const Ids& stored) {
        wait_for([&] { return distinct(service).size() >= stored.size(); });
        EXPECT_EQ(distinct(service), stored);
    }

    AnalyticsService amplitude_{std::make_unique<test::AmplitudeRules>(kKey)};
    AnalyticsService mixpanel_{std::make_unique<test::MixpanelRules>(kKey, now_ms)};
    const Variable variables_[7] = {{"ANALYTICS_ENABLED", "true"},    {"AMPLITUDE_ENABLED", "1"},
                                    {"AMPLITUDE_API_KEY", kKey},      {"AMPLITUDE_URL", amplitude_.url()},
                                    {"MIXPANEL_ENABLED", "on"},       {"MIXPANEL_TOKEN", kKey},
                                    {"MIXPANEL_URL", mixpanel_.url()}};
    const test::TemporaryFolder folder_;
};

TEST_F(Forwarding, LosesNothingThoughTheCollectorIsKilled) {
    constexpr int kBatches = 400;
    constexpr int kEvents = 25;
    constexpr int kKills = 6;
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    CollectorProcess collector(folder_.file("data"));
    const std::string url = collector.url();  // which stays the same
    const std::string key = collector.key("PULSE_INGEST_KEY");
    std::thread posting([&] {
        for (int batch = 0; batch < kBatches; ++batch) post(url, key, batch, kEvents);
    });
    // The next kill comes when a part has arrived: at any point of an exchange, or when a service has the events and
    // the collector does not know it.
    for (int kill = 1; kill <= kKills; ++kill) {
        const auto goal = static_cast<std::size_t>(kill * kBatches * kEvents / (kKills + 2)) + random() % 500;
        auto& service = kill % 2 == 0 ? amplitude_ : mixpanel_;
        wait_for([&] { return service.taken().size() >= goal; });
        if (kill > kKills / 2) {
            const auto before = service.requests();
            service.answer(hang);
            wait_for([&] { return service.requests() > before; });
        }
        collector.kill();
        service.answer({});
        collector.restart();
    }
    posting.join();
    Ids stored;
    for (const auto& [id, times] : collector.stored_ids()) stored.insert(id);
    ASSERT_EQ(stored.size(), static_cast<std::size_t>(kBatches * kEvents));
    expect_arrived(amplitude_, stored);
    expect_arrived(mixpanel_, stored);
    EXPECT_EQ(collector.stop(), 0);
    std::ifstream file(folder_.file("data.log"));
    const std::string log((std::istreambuf_iterator<char>(file)), {});
    EXPECT_NE(log.find("stored events are forwarded to Amplitude"), std::string::npos);
    EXPECT_EQ(log.find(kKey), std::string::npos);
}

TEST_F(Forwarding, HoldsUpNoStop) {
    CollectorProcess collector(folder_.file("data"));
    amplitude_.answer(hang);
    mixpanel_.answer(hang);
    post(collector.url(), collector.key("PULSE_INGEST_KEY"), 0, 10);
    wait_for([&] { return amplitude_.requests() > 0 && mixpanel_.requests() > 0; });
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(collector.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
    amplitude_.answer({});
    mixpanel_.answer({});
    collector.restart();
    Ids stored;
    for (const auto& [id, times] : collector.stored_ids()) stored.insert(id);
    expect_arrived(amplitude_, stored);
    expect_arrived(mixpanel_, stored);
}

}  // namespace
}  // namespace pulsekit
