// A client as a thing that an application holds: several of them, moved about, closed, and what they tell.
#include <fstream>
#include <functional>
#include <map>
#include <optional>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using Level = Diagnostic::Level;
using Names = std::vector<std::string>;

class ClientsTest : public test::AppTest {
protected:
    static EventOptions urgent() {
        EventOptions event;
        event.latency = Latency::now;
        return event;
    }
    /// Something to tell of each level: a folder that is none, a collector that is away, and that it is back.
    void live_through_troubles(Options given) {
        given.storage_dir = folder_.file("no folder");
        std::ofstream(given.storage_dir) << "a file";
        collector_.set_offline(true);
        auto client = open(std::move(given));
        ASSERT_TRUE(client.track("event", {}, urgent()));
        let_it_turn(client);
        collector_.set_offline(false);
        deliver(client);
    }
};

TEST_F(ClientsTest, TwoInOneProcessDoNotMix) {
    test::KeepingCollector theirs;
    auto given = options();
    given.storage_dir = folder_.file("theirs");
    given.api_key = "their key";
    given.app_name = "theirs";
    given.endpoint = "http://theirs";
    given.transport = theirs.transport();
    given.global_properties = {{"whose", "theirs"}};
    auto other = open(std::move(given));
    auto client = open();
    EXPECT_NE(client.session_id(), other.session_id());
    EXPECT_NE(client.device_id(), other.device_id());
    client.identify("ann");
    ASSERT_TRUE(other.set_consent(Consent::granted).ok());
    const auto track_in_both = [&] {
        for (int i = 0; i < 50; ++i) {
            EXPECT_TRUE(client.track("ours"));
            EXPECT_TRUE(other.track("theirs"));
        }
    };
    std::thread thread(track_in_both);
    track_in_both();
    thread.join();
    deliver(client);
    EXPECT_EQ(theirs.count(), 0u);
    client.set_enabled(false);
    client.pause_uploads();
    EXPECT_TRUE(other.track("theirs"));
    deliver(other);
    EXPECT_EQ(collector_.count(), 101u);  // with identify
    EXPECT_EQ(theirs.count(), 101u);
    for (const auto& event : collector_.events()) {
        EXPECT_NE(event["event.name"].text, "theirs");
        EXPECT_EQ(event["project_id"].text, "app");
        EXPECT_EQ(user(event), "ann");
        EXPECT_EQ(device(event), client.device_id());
        EXPECT_FALSE(event["metadata"].has("whose"));
    }
    for (const auto& event : theirs.events()) {
        EXPECT_EQ(event["event.name"].text, "theirs");
        EXPECT_EQ(event["project_id"].text, "theirs");
        EXPECT_EQ(user(event), "");
        EXPECT_EQ(session(event), other.session_id());
        EXPECT_EQ(event["metadata"]["whose"].text, "theirs");
    }
    const auto key_of = [](const HttpRequest& request) {
        for (const auto& [name, value] : request.headers) {
            if (name == "X-PG-API-Key") return value;
        }
        return std::string();
    };
    for (const auto& request : collector_.requests()) EXPECT_EQ(key_of(request), "key");
    for (const auto& request : theirs.requests()) {
        EXPECT_EQ(key_of(request), "their key");
        EXPECT_EQ(request.url, "http://theirs/v1/events");
    }
}

TEST_F(ClientsTest, OneThatIsMovedGoesOnAsItWas) {
    auto client = open();
    ASSERT_TRUE(client.track("1"));
    const std::string session = client.session_id();
    const Timer timer = client.start_timer();
    Client moved(std::move(client));
    EXPECT_EQ(moved.session_id(), session);
    ASSERT_TRUE(moved.track("2"));
    clock_.advance(milliseconds(5));
    EXPECT_EQ(timer.elapsed(), milliseconds(5));
    std::vector<Client> held;
    held.push_back(std::move(moved));
    std::thread([&] { ASSERT_TRUE(held[0].track("3")); }).join();
    deliver(held[0]);
    EXPECT_EQ(collector_.names().size(), 3u);
    for (const auto& event : collector_.events()) EXPECT_EQ(AppTest::session(event), session);
    client = std::move(held[0]);  // one that was moved from may be assigned to
    ASSERT_TRUE(client.track("4"));
    deliver(client);
    EXPECT_EQ(number(collector_.event("4")), 4);
}

TEST_F(ClientsTest, OneThatIsAssignedToClosesFirst) {
    auto client = open();
    ASSERT_TRUE(client.track("left by the first"));
    auto given = options();
    given.storage_dir = folder_.file("second");
    client = open(std::move(given));
    ASSERT_TRUE(client.track("of the second"));
    deliver(client);
    EXPECT_EQ(collector_.names(), Names{"of the second"});
    client = open();  // the folder is free again
    EXPECT_EQ(client.previous_run().end, PreviousRun::End::clean);
    deliver(client);
    EXPECT_EQ(collector_.names(), (Names{"of the second", "left by the first"}));
}

TEST_F(ClientsTest, ClosingOfflineTriesOnceAndSaysWhatIsLeft) {
    for (const bool on_disk : {true, false}) {
        collector_.set_offline(true);
        auto given = options();
        if (!on_disk) given.storage_dir.clear();
        std::optional<Client> client(open(std::move(given)));
        ASSERT_TRUE(client->track("1"));
        ASSERT_TRUE(client->track("2"));
        // The clock stands still: were it to wait, it would do so for ever.
        const auto closed = client->close(milliseconds(60'000));
        ASSERT_FALSE(closed.ok());
        EXPECT_EQ(closed.error().code, ErrorCode::unavailable);
        EXPECT_EQ(closed.error().message,
                  on_disk ? "2 events are kept for the next start: offline" : "2 events are lost: offline");
        EXPECT_EQ(client->close(milliseconds(60'000)).error().message, closed.error().message);
        EXPECT_EQ(client->stats().queued, 2u);
        EXPECT_EQ(client->track("late").refusal, Refusal::closed);
        EXPECT_EQ(client->stats().accepted, 2u);
        client.reset();  // gives its folder back
        collector_.set_offline(false);
        if (!on_disk) continue;
        auto next = open();
        deliver(next);
        EXPECT_EQ(collector_.names(), (Names{"1", "2"}));
        EXPECT_TRUE(next.close(milliseconds(0)).ok());
    }
}

TEST_F(ClientsTest, HowLongACallMayWaitHasNoEnd) {
    std::atomic<bool> may_go_on{false};
    auto given = options();
    given.journal_bytes_per_thread = 256 * 1024;
    given.before_send = [&](Event&) {  // while it runs nothing is brought to the queue
        while (!may_go_on) std::this_thread::yield();
        return true;
    };
    auto client = open(std::move(given));
    std::atomic<bool> is_done{false};
    std::thread tracking([&] {
        const std::string text(10'000, 'x');
        while (client.track("event", {{"text", text}})) {}
        EventOptions patient;
        patient.wait_for_room = milliseconds::max();
        EXPECT_TRUE(client.track("patient", {{"text", text}}, patient));
        is_done = true;
    });
    while (dropped(client, "journal_full") == 0) std::this_thread::yield();
    const auto before = clock_.waits();
    while (clock_.waits() == before && !is_done) std::this_thread::yield();
    may_go_on = true;
    tracking.join();
    EXPECT_EQ(dropped(client, "journal_full"), 1u);
    (void)client.close(milliseconds(0));
}

TEST_F(ClientsTest, DiagnosticsBelowTheLevelAreNotTold) {
    const std::map<Level, std::set<Level>> told{{Level::info, {Level::info, Level::warning, Level::error}},
                                                {Level::warning, {Level::warning, Level::error}},
                                                {Level::error, {Level::error}}};
    for (const auto& [level, expected] : told) {
        std::set<Level> seen;
        auto given = options();
        given.log_level = level;
        given.on_diagnostic = [&](const Diagnostic& diagnostic) {
            EXPECT_FALSE(diagnostic.message.empty());
            seen.insert(diagnostic.level);
        };
        live_through_troubles(std::move(given));
        EXPECT_EQ(seen, expected);
    }
}

TEST_F(ClientsTest, AProblemIsToldOnceAndSoIsItsEnd) {
    Names told;
    auto given = options();
    given.on_diagnostic = [&](const Diagnostic& diagnostic) { told.push_back(diagnostic.message); };
    auto client = open(std::move(given));
    collector_.set_offline(true);
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(client.track("event", {}, urgent()));
        clock_.advance(std::chrono::minutes(10));
        let_it_turn(client);
    }
    collector_.set_offline(false);
    deliver(client);
    (void)client.close(milliseconds(0));
    EXPECT_EQ(told, (Names{"events wait for the collector: offline", "the collector answers again"}));
}

TEST_F(ClientsTest, NothingIsPrinted) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    live_through_troubles(options());
    {
        auto refused = options();
        refused.max_batch_events = 0;
        EXPECT_FALSE(Client::open(std::move(refused)).ok());
        auto client = open();
        EXPECT_FALSE(client.track(""));
        EXPECT_FALSE(client.track("event", {{"text", std::string(102'400, 'x')}}));
        EXPECT_TRUE(client.track("left"));
    }
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace pulsekit
