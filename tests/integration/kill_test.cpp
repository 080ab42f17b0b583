// Neither side may lose or double an event by dying.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include <pulsekit/client.hpp>

#include "tests/integration/collector_process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::CollectorProcess;

void expect_each_once(const std::map<std::string, int>& stored, const std::set<std::string>& wanted) {
    std::size_t lost = 0;
    for (const auto& id : wanted) lost += stored.count(id) == 0;
    std::size_t doubled = 0;
    for (const auto& [id, times] : stored) doubled += times != 1;
    EXPECT_EQ(lost, 0u);
    EXPECT_EQ(doubled, 0u);
}

TEST(Kill, TheCollectorTenTimesUnderLoad) {
    constexpr int kEvents = 50'000;
    constexpr int kKills = 10;
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    Options options;
    options.endpoint = collector.url();
    options.api_key = collector.key("PULSE_INGEST_KEY");
    options.app_name = "kill-test";
    options.storage_dir = folder.file("storage");
    options.flush_interval = milliseconds(5);
    options.max_batch_events = 200;
    options.retry_base = milliseconds(2);
    options.retry_cap = milliseconds(20);
    options.request_timeout = milliseconds(10'000);
    auto client = Client::open(std::move(options));
    ASSERT_TRUE(client.ok());

    std::set<std::string> tracked;
    std::thread tracking([&] {
        for (int i = 0; i < kEvents; ++i) {
            for (;;) {
                if (const auto one = client->track("load", {{"number", i}})) {
                    tracked.insert(one.id_text());
                    break;
                }
                std::this_thread::yield();
            }
        }
    });
    // The next kill comes when a part of the load has arrived, plus a little chance.
    for (int kill = 1; kill <= kKills; ++kill) {
        const auto goal = static_cast<std::uint64_t>(kill) * kEvents / (kKills + 2) + random() % 1'000;
        while (client->stats().delivered < goal) std::this_thread::yield();
        collector.kill();
        collector.restart();
    }
    tracking.join();
    ASSERT_TRUE(client->flush(milliseconds(300'000)).ok());

    ASSERT_EQ(tracked.size(), static_cast<std::size_t>(kEvents));
    const auto stored = collector.stored_ids();
    EXPECT_EQ(stored.size(), tracked.size());
    expect_each_once(stored, tracked);
    const Stats stats = client->stats();
    EXPECT_EQ(stats.delivered, static_cast<std::uint64_t>(kEvents));
    EXPECT_EQ(stats.accepted, stats.delivered + stats.queued + stats.dropped_total());
    EXPECT_EQ(collector.ask("stats")["current"]["events"], kEvents);
}

TEST(Kill, TheAppTenTimesAtRandomPoints) {
    constexpr int kKills = 10;
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    const std::vector<std::string> command = {PULSEKIT_TRACKING_APP, collector.url(), collector.key("PULSE_INGEST_KEY"),
                                              folder.file("storage")};
    std::set<std::string> tracked;
    for (int kill = 0; kill < kKills; ++kill) {
        test::Process app(command);
        const auto goal = 1 + random() % 5'000;
        for (std::uint64_t i = 0; i < goal; ++i) {
            const auto id = app.read_line();
            ASSERT_TRUE(id);
            tracked.insert(*id);
        }
        app.signal(SIGKILL);
        for (auto& id : app.read_lines()) {
            if (id.size() == 36) tracked.insert(id);  // the last line may be cut
        }
        EXPECT_EQ(app.wait(), 128 + SIGKILL);
    }
    auto last = command;
    last.push_back("1");
    test::Process app(last);
    const auto id = app.read_line();
    ASSERT_TRUE(id);
    tracked.insert(*id);
    ASSERT_EQ(app.wait(), 0);
    expect_each_once(collector.stored_ids(), tracked);
}

}  // namespace
}  // namespace pulsekit
