// What the user and the application decide: whether events are taken, which, and when they go out.
#include <filesystem>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::FakeTransport;
using Names = std::vector<std::string>;

class ControlTest : public test::AppTest {
protected:
    static EventOptions with(Latency latency) {
        EventOptions event;
        event.latency = latency;
        return event;
    }
    static EventOptions with(Priority priority) {
        EventOptions event;
        event.priority = priority;
        return event;
    }
    void wait_for(std::size_t events) const {
        while (collector_.count() < events) std::this_thread::yield();
    }
    /// Nothing goes out, however long anybody waits.
    void expect_silence(Client& client) {
        const auto before = collector_.count();
        for (int i = 0; i < 3; ++i) {
            clock_.advance(std::chrono::hours(1));
            let_it_turn(client);
        }
        EXPECT_EQ(collector_.count(), before);
    }
};

TEST_F(ControlTest, UntilSomebodyIsAskedEventsAreKeptAndNothingIsSent) {
    for (int run = 0; run < 2; ++run) {
        auto given = options();
        given.consent = Consent::required;
        auto client = open(std::move(given));
        EXPECT_EQ(client.consent(), Consent::required);
        ASSERT_TRUE(client.track("kept", {}, with(Latency::now)));
        expect_silence(client);
        EXPECT_FALSE(client.flush(milliseconds(0)).ok());
        EXPECT_FALSE(client.close(milliseconds(60'000)).ok());  // does not wait: the clock stands still
        EXPECT_EQ(collector_.count(), 0u);
        EXPECT_EQ(client.stats().queued, static_cast<std::uint64_t>(run) + 1);
    }
    auto given = options();
    given.consent = Consent::required;
    auto client = open(std::move(given));
    ASSERT_TRUE(client.track("new"));
    ASSERT_TRUE(client.set_consent(Consent::granted).ok());
    deliver(client);
    EXPECT_EQ(collector_.names(), (Names{"kept", "kept", "new"}));
}

TEST_F(ControlTest, TheUsersAnswerIsRememberedAndBeatsTheOption) {
    {
        auto client = open();
        ASSERT_TRUE(client.set_consent(Consent::denied).ok());
    }
    {
        auto given = options();
        given.consent = Consent::granted;
        auto client = open(std::move(given));
        EXPECT_EQ(client.consent(), Consent::denied);
        EXPECT_EQ(client.track("event").refusal, Refusal::denied);
        ASSERT_TRUE(client.set_consent(Consent::granted).ok());
        let_it_turn(client);
        EXPECT_TRUE(client.track("first"));
    }
    auto given = options();
    given.consent = Consent::required;
    auto client = open(std::move(given));
    EXPECT_EQ(client.consent(), Consent::granted);
    EXPECT_TRUE(client.track("second"));
    deliver(client);
    EXPECT_EQ(collector_.names(), (Names{"first", "second"}));
}

TEST_F(ControlTest, ADenialHoldsForEveryKindOfEventAndCountsNothing) {
    auto given = options();
    given.consent = Consent::denied;
    auto client = open(std::move(given));
    EXPECT_EQ(client.track("event").refusal, Refusal::denied);
    EXPECT_EQ(client.screen("menu").refusal, Refusal::denied);
    EXPECT_EQ(client.identify("ann").refusal, Refusal::denied);
    EXPECT_EQ(client.error({"it broke"}).refusal, Refusal::denied);
    EXPECT_EQ(client.timed("load", milliseconds(1)).refusal, Refusal::denied);
    EXPECT_EQ(client.revenue("sale", {1, "EUR"}).refusal, Refusal::denied);
    EXPECT_EQ(client.journey_step({"way", "step"}).refusal, Refusal::denied);
    EXPECT_EQ(client.state_change({"key"}).refusal, Refusal::denied);
    EXPECT_EQ(client.api_call({"GET", "/"}).refusal, Refusal::denied);
    EXPECT_EQ(client.performance("frame_ms", 1).refusal, Refusal::denied);
    EXPECT_EQ(client.stats().accepted, 0u);
    // Nor did the one who denied become the user.
    ASSERT_TRUE(client.set_consent(Consent::granted).ok());
    let_it_turn(client);
    client.track("later");
    deliver(client);
    EXPECT_EQ(user(collector_.event("later")), "");
}

TEST_F(ControlTest, AnOpenWithADenialErasesWhatEarlierRunsLeft) {
    {
        auto client = open();
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.track("event"));
    }
    auto given = options();
    given.consent = Consent::denied;
    auto client = open(std::move(given));
    while (client.stats().queued != 0) std::this_thread::yield();
    EXPECT_EQ(dropped(client, "consent"), 3u);
    EXPECT_EQ(collector_.count(), 0u);
    expect_balanced(client.stats());
}

TEST_F(ControlTest, AnAnswerThatCannotBeWrittenDownHoldsForTheRun) {
    auto client = open();
    std::filesystem::create_directory(storage_ + "/consent.new");  // where the file would be written
    const auto remembered = client.set_consent(Consent::denied);
    ASSERT_FALSE(remembered.ok());
    EXPECT_EQ(remembered.error().code, ErrorCode::unavailable);
    EXPECT_EQ(client.consent(), Consent::denied);
    EXPECT_EQ(client.track("event").refusal, Refusal::denied);
}

TEST_F(ControlTest, SwitchedOffItTakesNothingButSendsWhatItHas) {
    auto client = open();
    ASSERT_TRUE(client.track("before"));
    client.set_enabled(false);
    EXPECT_EQ(client.track("meanwhile").refusal, Refusal::disabled);
    EXPECT_EQ(client.screen("meanwhile").refusal, Refusal::disabled);
    deliver(client);
    EXPECT_EQ(collector_.names(), Names{"before"});
    client.set_enabled(true);
    ASSERT_TRUE(client.track("after"));
    deliver(client);
    EXPECT_EQ(collector_.names(), (Names{"before", "after"}));
    EXPECT_EQ(client.stats().accepted, 2u);
}

TEST_F(ControlTest, TheSwitchIsSetByTheOptionAndNotRemembered) {
    for (const bool enabled : {false, true}) {
        auto given = options();
        given.enabled = enabled;
        auto client = open(std::move(given));
        EXPECT_EQ(client.track("event").refusal, enabled ? Refusal::none : Refusal::disabled);
        client.set_enabled(!enabled);
        EXPECT_EQ(client.track("event").refusal, enabled ? Refusal::disabled : Refusal::none);
    }
}

TEST_F(ControlTest, OfSeveralReasonsTheLastingOneIsTold) {
    auto client = open();
    client.set_enabled(false);
    ASSERT_TRUE(client.set_consent(Consent::denied).ok());
    EXPECT_EQ(client.track("event").refusal, Refusal::denied);
    (void)client.close(milliseconds(0));
    EXPECT_EQ(client.track("event").refusal, Refusal::closed);
    EXPECT_EQ(client.identify("ann").refusal, Refusal::closed);
}

// Sampling.

TEST_F(ControlTest, ARateIsForItsNameAndTheNamelessOneForAllOthers) {
    auto given = options();
    given.sampling = {{"", 0.0}, {"kept", 1.0}, {"kept", 0.0}, {"", 1.0}};  // of two of one name the first counts
    auto client = open(std::move(given));
    EXPECT_TRUE(client.track("kept"));
    EXPECT_EQ(client.track("kept too").refusal, Refusal::sampled);  // names are compared whole
    EXPECT_EQ(client.track("other").refusal, Refusal::sampled);
    EXPECT_EQ(client.screen("other").refusal, Refusal::sampled);
    EXPECT_EQ(client.track("").refusal, Refusal::invalid);
    deliver(client);
    EXPECT_EQ(collector_.names(), Names{"kept"});
    const Stats stats = client.stats();
    EXPECT_EQ(stats.accepted, 4u);
    EXPECT_EQ(stats.dropped.at("sampled"), 3u);
    EXPECT_EQ(stats.delivered, 1u);
}

TEST_F(ControlTest, AUserIsInOrOutOnEachDeviceAndDayAndForAllNamesOfARate) {
    constexpr int kUsers = 400;
    const auto chosen_in = [&](const std::string& storage, const char* name) {
        auto given = options();
        given.storage_dir = storage;
        given.sampling = {{"one", 0.25}, {"two", 0.25}, {"more", 0.75}};
        auto client = open(std::move(given));
        std::set<int> chosen;
        for (int i = 0; i < kUsers; ++i) {
            EXPECT_TRUE(client.identify("user-" + std::to_string(i)));
            const auto tracked = client.track(name);
            EXPECT_TRUE(tracked || tracked.refusal == Refusal::sampled);
            if (tracked) chosen.insert(i);
        }
        return chosen;
    };
    const auto chosen = chosen_in(storage_, "one");
    EXPECT_GT(chosen.size(), kUsers * 0.15);
    EXPECT_LT(chosen.size(), kUsers * 0.35);
    EXPECT_EQ(chosen_in(storage_, "one"), chosen) << "after a restart";
    EXPECT_EQ(chosen_in(folder_.file("another device"), "one"), chosen);
    EXPECT_EQ(chosen_in(storage_, "two"), chosen);
    // Who is in at a low rate is in at a higher one.
    const auto more = chosen_in(storage_, "more");
    EXPECT_TRUE(std::includes(more.begin(), more.end(), chosen.begin(), chosen.end()));
    EXPECT_GT(more.size(), kUsers * 0.65);
    EXPECT_LT(more.size(), kUsers * 0.85);
}

TEST_F(ControlTest, WithoutAUserTheInstallationIsInOrOut) {
    std::set<bool> choices;
    for (int device = 0; device < 40; ++device) {
        auto given = options();
        given.storage_dir.clear();  // a new device each time
        given.sampling = {{"", 0.5}};
        auto client = open(std::move(given));
        const bool chosen(client.track("event"));
        choices.insert(chosen);
        client.start_session();
        EXPECT_EQ(bool(client.track("event")), chosen);
        client.reset();
        EXPECT_EQ(bool(client.track("another")), chosen);
        expect_balanced(client.stats());
        EXPECT_EQ(client.stats().accepted, 3u);
    }
    EXPECT_EQ(choices.size(), 2u);  // by chance not, once in 2^39 times
}

// When events go out. The clock stands still but for what a test moves it.

TEST_F(ControlTest, AnEventWaitsForItsIntervalAndNoLonger) {
    const std::pair<Latency, milliseconds> waits[] = {{Latency::normal, milliseconds(5'000)},
                                                      {Latency::deferred, milliseconds(60'000)}};
    for (const auto& [latency, interval] : waits) {
        auto client = open();
        const auto before = collector_.count();
        ASSERT_TRUE(client.track("event", {}, with(latency)));
        let_it_turn(client);
        clock_.advance(interval - milliseconds(1));
        let_it_turn(client);
        EXPECT_EQ(collector_.count(), before);
        clock_.advance(milliseconds(1));
        wait_for(before + 1);
        while (client.stats().delivered != before + 1) std::this_thread::yield();
    }
}

TEST_F(ControlTest, AnUrgentEventGoesAtOnceAndTakesTheOthersAlong) {
    auto client = open();
    client.track("deferred", {}, with(Latency::deferred));
    client.track("normal");
    let_it_turn(client);
    EXPECT_EQ(collector_.count(), 0u);
    client.track("urgent", {}, with(Latency::now));
    wait_for(3);
    EXPECT_EQ(collector_.requests().size(), 1u);
}

TEST_F(ControlTest, ADeferredEventGoesWithTheNextRequest) {
    auto client = open();
    client.track("deferred", {}, with(Latency::deferred));
    let_it_turn(client);
    clock_.advance(milliseconds(10'000));
    let_it_turn(client);
    client.track("normal");
    let_it_turn(client);
    EXPECT_EQ(collector_.count(), 0u);
    clock_.advance(milliseconds(5'000));
    wait_for(2);
    EXPECT_EQ(collector_.requests().size(), 1u);
}

TEST_F(ControlTest, AFlushAndACloseTakeDeferredEventsAlong) {
    auto client = open();
    client.track("1", {}, with(Latency::deferred));
    deliver(client);
    EXPECT_EQ(collector_.names(), Names{"1"});
    client.track("2", {}, with(Latency::deferred));
    EXPECT_TRUE(client.close(milliseconds(60'000)).ok());
    EXPECT_EQ(collector_.names(), (Names{"1", "2"}));
}

TEST_F(ControlTest, AFullBatchDoesNotWait) {
    auto given = options();
    given.max_batch_events = 3;
    auto client = open(std::move(given));
    client.track("1");
    client.track("2");
    let_it_turn(client);
    EXPECT_EQ(collector_.count(), 0u);
    client.track("3");
    let_it_turn(client);
    EXPECT_EQ(collector_.count(), 3u);
}

TEST_F(ControlTest, TheHighestPriorityGoesFirstAndWithinOneTheOldest) {
    auto given = options();
    given.max_batch_events = 1;
    auto client = open(std::move(given));
    client.pause_uploads();
    let_it_turn(client);
    const std::pair<const char*, Priority> events[] = {{"low 1", Priority::low},   {"normal 1", Priority::normal},
                                                       {"high 1", Priority::high}, {"normal 2", Priority::normal},
                                                       {"low 2", Priority::low},   {"high 2", Priority::high}};
    for (const auto& [name, priority] : events) {
        ASSERT_TRUE(client.track(name, {}, with(priority)));
        let_it_turn(client);
    }
    client.resume_uploads();
    deliver(client);
    EXPECT_EQ(collector_.names(), (Names{"high 1", "high 2", "normal 1", "normal 2", "low 1", "low 2"}));
}

TEST_F(ControlTest, AFullQueueGivesUpTheLowestPriority) {
    for (const bool on_disk : {false, true}) {
        SCOPED_TRACE(on_disk ? "disk" : "memory");
        auto given = options();
        if (!on_disk) given.storage_dir.clear();
        given.max_queue_bytes = on_disk ? 640 * 1024 : 256 * 1024;  // a database takes some for itself
        given.overflow = Overflow::by_priority;
        auto client = open(std::move(given));
        client.pause_uploads();
        const std::string text(4'000, 'x');
        const auto before = collector_.count();
        const auto track_some = [&](const char* name, Priority priority, int count) {
            for (int i = 0; i < count; ++i) {
                ASSERT_TRUE(client.track(name, {{"text", text}}, with(priority)));
                let_it_turn(client);  // one by one, so that none shares the fate of others
            }
        };
        track_some("low", Priority::low, 100);
        track_some("high", Priority::high, 20);
        track_some("low again", Priority::low, 5);
        const auto lost = dropped(client, "queue_full");
        EXPECT_GT(lost, 0u);
        expect_balanced(client.stats());
        client.resume_uploads();
        deliver(client);
        const auto names = collector_.names();
        const auto count = [&](const char* name) {
            return std::count(names.begin() + static_cast<std::ptrdiff_t>(before), names.end(), name);
        };
        EXPECT_EQ(count("high"), 20);
        EXPECT_GT(count("low"), 0);
        EXPECT_EQ(names.size() - before, 125 - lost);
        EXPECT_EQ(client.stats().delivered, 125 - lost);
    }
}

TEST_F(ControlTest, WhilePausedNothingGoesOutAndAfterwardsEverything) {
    auto client = open();
    client.pause_uploads();
    let_it_turn(client);
    ASSERT_TRUE(client.track("urgent", {}, with(Latency::now)));
    ASSERT_TRUE(client.track("normal"));
    expect_silence(client);
    EXPECT_FALSE(client.flush(milliseconds(0)).ok());
    client.suspend();
    expect_silence(client);
    client.resume_uploads();
    wait_for(2);
    // And close() does not wait for what is not to be sent.
    client.pause_uploads();
    client.track("left");
    EXPECT_FALSE(client.close(milliseconds(60'000)).ok());
    EXPECT_EQ(client.stats().queued, 1u);
}

TEST_F(ControlTest, APauseGivesUpTheRequestThatIsOut) {
    std::atomic<int> out{0};
    std::atomic<int> given_up{0};
    auto given = options();
    given.transport = std::make_unique<FakeTransport>([&](const HttpRequest& request) -> Result<HttpResponse> {
        ++out;
        while (request.keep_waiting()) std::this_thread::yield();
        ++given_up;
        return Error{ErrorCode::unavailable, "given up"};
    });
    auto client = open(std::move(given));
    client.track("event", {}, with(Latency::now));
    while (out == 0) std::this_thread::yield();
    EXPECT_EQ(given_up, 0);
    client.pause_uploads();
    while (given_up == 0) std::this_thread::yield();
    while (client.stats().queued != 1) std::this_thread::yield();
    EXPECT_EQ(client.stats().accepted, 1u);
}

}  // namespace
}  // namespace pulsekit
