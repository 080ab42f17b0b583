// Consent that goes and comes back: what was tracked before a denial is erased, what is tracked after it stays.
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
using test::FakeTransport;
using Ids = std::set<std::string>;

class ConsentTest : public testing::TestWithParam<const char*> {
protected:
    ConsentTest() { collector_.calm(); }
    Options options() {
        Options made;
        made.endpoint = "http://collector";
        made.api_key = "key";
        made.app_name = "consent";
        if (std::string(GetParam()) == "disk") made.storage_dir = folder_.file("storage");
        made.report_delivery = false;
        made.flush_interval = milliseconds(1);
        made.retry_base = milliseconds(1);
        made.retry_cap = milliseconds(4);
        made.close_deadline = milliseconds(0);
        made.transport = collector_.transport();
        return made;
    }
    static Client open(Options options) {
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client.ok());
        return std::move(*client);
    }
    static Ids track(Client& client, int count) {
        Ids ids;
        EventOptions patient;
        patient.wait_for_room = milliseconds(60'000);
        for (int i = 0; i < count; ++i) {
            const auto tracked = client.track("event", {}, patient);
            EXPECT_TRUE(tracked) << tracked.reason;
            ids.insert(tracked.id_text());
        }
        return ids;
    }
    void expect_delivered(Client& client, const Ids& ids, std::uint64_t erased) {
        ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
        EXPECT_EQ(collector_.stored(), ids);
        const Stats stats = client.stats();
        EXPECT_EQ(stats.delivered, ids.size());
        EXPECT_EQ(stats.accepted, ids.size() + erased);
        EXPECT_EQ(stats.dropped_total(), erased);
        if (erased != 0) { EXPECT_EQ(stats.dropped.at("consent"), erased); }
    }

    test::TemporaryFolder folder_;
    test::HostileCollector collector_{Dialect::productgraph, 1};
};
INSTANTIATE_TEST_SUITE_P(In, ConsentTest, testing::Values("memory", "disk"));

TEST_P(ConsentTest, WhatIsTrackedAfterItCameBackStays) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::SeededRandom random(seed);
    auto client = open(options());
    client.pause_uploads();
    const auto track_from_two_threads = [&] {
        Ids tracked[2];
        std::thread other([&] { tracked[0] = track(client, random.below(30)); });
        tracked[1] = track(client, random.below(30));
        other.join();
        tracked[0].insert(tracked[1].begin(), tracked[1].end());
        return tracked[0];
    };
    std::uint64_t erased = 0;
    for (int round = 0; round < 100; ++round) {
        erased += track_from_two_threads().size();
        ASSERT_TRUE(client.set_consent(Consent::denied).ok());
        EXPECT_EQ(client.track("event").refusal, Refusal::denied);
        // Sometimes the worker comes by in between, mostly it does not.
        if (random.below(4) == 0) {
            while (client.stats().queued != 0) std::this_thread::yield();
        }
        ASSERT_TRUE(client.set_consent(Consent::granted).ok());
    }
    const Ids kept = track_from_two_threads();
    client.resume_uploads();
    expect_delivered(client, kept, erased);
}

TEST_P(ConsentTest, WhatIsTrackedWhileItIsAskedForAgainStaysWhenItIsGiven) {
    auto client = open(options());
    client.pause_uploads();
    for (int round = 0; round < 50; ++round) {
        track(client, 5);
        ASSERT_TRUE(client.set_consent(Consent::denied).ok());
        ASSERT_TRUE(client.set_consent(Consent::required).ok());
        track(client, 2);
    }
    ASSERT_TRUE(client.set_consent(Consent::denied).ok());
    ASSERT_TRUE(client.set_consent(Consent::required).ok());
    const Ids asked = track(client, 5);
    ASSERT_TRUE(client.set_consent(Consent::granted).ok());
    client.resume_uploads();
    expect_delivered(client, asked, 50 * 7);
}

// The worker is busy with a request, and the rings are read meanwhile.
TEST_P(ConsentTest, ABatchOnItsWayIsTakenBackAndWhatFollowsIsNot) {
    for (const bool patient : {true, false}) {
        std::atomic<int> requests{0};
        std::atomic<bool> released{false};
        auto given = options();
        given.storage_dir += given.storage_dir.empty() ? "" : (patient ? "-1" : "-2");
        given.transport = std::make_unique<FakeTransport>([&](const HttpRequest& request) -> Result<HttpResponse> {
            if (requests++ > 0) return test::all_accepted(request);
            bool wanted = true;
            while (!released && (patient || wanted)) {
                wanted = request.keep_waiting();
                std::this_thread::yield();
            }
            return Error{ErrorCode::unavailable, "given up"};
        });
        auto client = open(std::move(given));
        track(client, 10);
        while (requests == 0) std::this_thread::yield();
        track(client, 10);
        ASSERT_TRUE(client.set_consent(Consent::denied).ok());
        ASSERT_TRUE(client.set_consent(Consent::granted).ok());
        track(client, 10);
        released = true;
        ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
        const Stats stats = client.stats();
        EXPECT_EQ(stats.delivered, 10u);
        EXPECT_EQ(stats.dropped.at("consent"), 20u);
        EXPECT_EQ(stats.accepted, 30u);
    }
}

TEST_P(ConsentTest, WhatWasDeliveredMeanwhileCountsAsDelivered) {
    std::atomic<bool> released{false};
    std::atomic<int> requests{0};
    auto given = options();
    given.transport = std::make_unique<FakeTransport>([&](const HttpRequest& request) -> Result<HttpResponse> {
        ++requests;
        while (!released) (void)request.keep_waiting();
        return test::all_accepted(request);
    });
    auto client = open(std::move(given));
    track(client, 1);
    while (requests == 0) std::this_thread::yield();
    ASSERT_TRUE(client.set_consent(Consent::denied).ok());
    released = true;
    while (client.stats().queued != 0) std::this_thread::yield();
    EXPECT_EQ(client.stats().delivered, 1u);
    EXPECT_EQ(client.stats().dropped_total(), 0u);
}

TEST_P(ConsentTest, ClosingAtOnceStillSendsWhatIsAllowed) {
    auto given = options();
    auto client = open(std::move(given));
    client.pause_uploads();
    track(client, 5);
    ASSERT_TRUE(client.set_consent(Consent::denied).ok());
    ASSERT_TRUE(client.set_consent(Consent::granted).ok());
    const Ids kept = track(client, 5);
    client.resume_uploads();
    ASSERT_TRUE(client.close(milliseconds(60'000)).ok());
    EXPECT_EQ(collector_.stored(), kept);
    EXPECT_EQ(client.stats().dropped.at("consent"), 5u);
}

TEST_P(ConsentTest, WhatAnEarlierRunLeftGoesWithTheDenial) {
    if (options().storage_dir.empty()) return;
    for (int run = 0; run < 2; ++run) {
        auto client = open(options());
        client.pause_uploads();
        track(client, 5);
    }
    auto client = open(options());
    ASSERT_TRUE(client.set_consent(Consent::denied).ok());
    ASSERT_TRUE(client.set_consent(Consent::granted).ok());
    const Ids kept = track(client, 5);
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    const Ids stored = collector_.stored();
    for (const auto& id : kept) EXPECT_EQ(stored.count(id), 1u);
    EXPECT_EQ(stats.accepted, 15u);
    EXPECT_EQ(stats.delivered, stored.size());
    EXPECT_EQ(stats.delivered + stats.dropped_total(), 15u);
}

TEST_P(ConsentTest, TheLedgerHoldsWhileItComesAndGoes) {
    auto client = open(options());
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> taken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            while (!done) {
                const auto tracked = client.track("event");
                if (tracked) ++taken;
                EXPECT_TRUE(tracked || tracked.refusal == Refusal::denied || tracked.refusal == Refusal::full);
            }
        });
    }
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(client.set_consent(i % 2 == 0 ? Consent::denied : Consent::granted).ok());
        const Stats stats = client.stats();
        EXPECT_EQ(stats.accepted, stats.delivered + stats.queued + stats.dropped_total());
    }
    done = true;
    for (auto& thread : threads) thread.join();
    const Ids last = track(client, 3);
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    const Ids stored = collector_.stored();
    for (const auto& id : last) EXPECT_EQ(stored.count(id), 1u);
    const auto full = stats.dropped.find("journal_full");
    EXPECT_EQ(stats.accepted, taken + 3 + (full == stats.dropped.end() ? 0 : full->second));
    EXPECT_EQ(stats.delivered, stored.size());
    EXPECT_EQ(stats.accepted, stats.delivered + stats.dropped_total());
}

}  // namespace
}  // namespace pulsekit
