// What the client says of its events is true, whatever the network does to its requests.
#include <pulsekit/client.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/support/hostile_collector.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::HostileCollector;

/// A storage folder, a collector that outlives its clients, and what they promised.
struct World {
    World(Dialect dialect, std::uint64_t seed) : dialect_(dialect), random_(seed), collector(dialect, random_.next()) {}

    Client open(bool report = true) {
        Options options;
        options.endpoint = "http://collector";
        options.api_key = "key";
        options.app_name = "truth";
        options.dialect = dialect_;
        options.storage_dir = folder_.file("storage");
        options.report_delivery = report;
        options.max_batch_events = 20;
        options.flush_interval = milliseconds(1);
        options.retry_base = milliseconds(1);
        options.retry_cap = milliseconds(4);
        options.request_timeout = milliseconds(10);
        options.close_deadline = milliseconds(0);
        options.on_rejected = [this](const Rejection& rejection) {
            const std::lock_guard lock(mutex_);
            rejected_.emplace(rejection.event_id, rejection.message);
        };
        options.transport = collector.transport();
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client.ok());
        return std::move(*client);
    }

    /// Tracks from two threads, while a third looks at the ledger.
    void use(Client& client, int events) {
        std::atomic<int> tracking{2};
        std::vector<std::thread> threads;
        for (int t = 0; t < 2; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < events / 2; ++i) track(client, random_.below(8) == 0 ? "bad" : "fine");
                --tracking;
            });
        }
        Stats before = client.stats();
        do {
            const Stats now = client.stats();
            EXPECT_EQ(now.accepted, now.delivered + now.queued + now.dropped_total());
            EXPECT_GE(now.accepted, before.accepted);
            EXPECT_GE(now.delivered, before.delivered);
            EXPECT_GE(now.dropped_total(), before.dropped_total());
            before = now;
            std::this_thread::yield();
        } while (tracking != 0);
        for (auto& thread : threads) thread.join();
    }

    void track(Client& client, const char* name) {
        EventOptions options;
        options.priority = static_cast<Priority>(random_.below(3));
        const auto tracked = client.track(name, {{"n", random_.below(1'000)}}, options);
        ASSERT_TRUE(tracked);
        const std::lock_guard lock(mutex_);
        (std::string(name) == "bad" ? bad_ : good_).insert(tracked.id_text());
    }

    /// Nothing is under way any more: every event is where the ledger says.
    void expect_truth(const Stats& stats) {
        const std::lock_guard lock(mutex_);
        EXPECT_EQ(collector.stored(), good_);
        EXPECT_EQ(collector.changed(), 0);
        EXPECT_EQ(rejected_.size(), bad_.size());
        for (const auto& [id, message] : rejected_) {
            EXPECT_EQ(bad_.count(id), 1u);
            EXPECT_NE(message.find(HostileCollector::refusal_of(id)), std::string::npos) << message;
        }
        EXPECT_EQ(stats.accepted, good_.size() + bad_.size());
        EXPECT_EQ(stats.delivered, good_.size());
        EXPECT_EQ(stats.queued, 0u);
        EXPECT_EQ(stats.dropped_total(), bad_.size());
    }

private:
    const Dialect dialect_;
    test::SeededRandom random_;
    test::TemporaryFolder folder_;
    std::mutex mutex_;
    std::set<std::string> good_;
    std::set<std::string> bad_;
    std::multimap<std::string, std::string> rejected_;

public:
    HostileCollector collector;
};

/// All that the collector was told, each report once.
Stats told(const HostileCollector& collector) {
    const auto count = [](const test::JsonValue& value) { return static_cast<std::uint64_t>(value.number); };
    Stats sum;
    for (const auto& [id, report] : collector.reports()) {
        std::uint64_t change = count(report["accepted"]) + count(report["delivered"]);
        sum.accepted += count(report["accepted"]);
        sum.delivered += count(report["delivered"]);
        for (const auto& [reason, dropped] : report["dropped"].members) {
            sum.dropped[reason] += count(dropped);
            change += count(dropped);
        }
        EXPECT_GT(change, 0u) << "a report without news: " << id;
    }
    return sum;
}

class DeliveryTruthTest : public testing::TestWithParam<Dialect> {
protected:
    static bool takes_batches() { return GetParam() != Dialect::analytics && GetParam() != Dialect::ingest; }
    static std::vector<std::uint64_t> seeds() { return {1, 2, std::random_device()()}; }
};
std::string name_of(const testing::TestParamInfo<Dialect>& each) {
    constexpr const char* kNames[] = {"productgraph", "pulse", "gateway", "analytics", "ingest"};
    return kNames[static_cast<int>(each.param)];
}
INSTANTIATE_TEST_SUITE_P(Over, DeliveryTruthTest,
                         testing::Values(Dialect::productgraph, Dialect::pulse, Dialect::gateway, Dialect::analytics,
                                         Dialect::ingest),
                         name_of);

/// With one event a request there is a report a minute at most: see uploader_test.cpp.
class ReportTruthTest : public DeliveryTruthTest {};
INSTANTIATE_TEST_SUITE_P(Over, ReportTruthTest,
                         testing::Values(Dialect::productgraph, Dialect::pulse, Dialect::gateway), name_of);

TEST_P(DeliveryTruthTest, EveryEventIsStoredOnceOrRejectedInTheCollectorsWords) {
    for (const auto seed : seeds()) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(GetParam(), seed);
        const int events = takes_batches() ? 200 : 40;
        // Clients come and go; the folder and its ledger stay.
        for (int life = 0; life < 3; ++life) {
            auto client = world.open();
            world.use(client, events);
            (void)client.flush(milliseconds(20));
            const auto stats = client.stats();
            EXPECT_EQ(stats.accepted, static_cast<std::uint64_t>(events * (life + 1)));
        }
        auto client = world.open();
        world.use(client, events);
        world.collector.calm();
        ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
        world.expect_truth(client.stats());
    }
}

TEST_P(ReportTruthTest, TheReportsOfTheLedgerAddUpToIt) {
    for (const auto seed : seeds()) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(GetParam(), seed);
        for (int life = 0; life < 4; ++life) {
            auto client = world.open();
            world.use(client, 100);
            (void)client.flush(milliseconds(20));
        }
        world.collector.calm();
        auto client = world.open();
        // Until the batches have their full size again, and a report with them.
        for (int i = 0; i < 8; ++i) {
            ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
            world.track(client, "fine");
        }
        ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
        const Stats stats = client.stats();
        world.expect_truth(stats);
        const Stats sum = told(world.collector);
        EXPECT_EQ(sum.accepted, stats.accepted);
        EXPECT_EQ(sum.delivered, stats.delivered - 1);  // not yet of the event that it travelled with
        EXPECT_EQ(sum.dropped, stats.dropped);
    }
}

TEST_P(DeliveryTruthTest, NothingIsReportedWhereNobodyWantsIt) {
    World world(GetParam(), 1);
    world.collector.calm();
    auto client = world.open(/*report=*/false);
    for (int i = 0; i < 3; ++i) {
        world.use(client, 10);
        ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    }
    world.expect_truth(client.stats());
    EXPECT_TRUE(world.collector.reports().empty());
}

}  // namespace
}  // namespace pulsekit
