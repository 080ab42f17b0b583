// Whose events are whose: sessions, users and devices, and that an event keeps those it was tracked with.
#include <functional>
#include <map>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using test::JsonValue;

constexpr milliseconds kTimeout = minutes(30);
constexpr milliseconds kMoment{1};

class SessionsTest : public test::AppTest {
protected:
    /// What the collector has, by session.
    std::map<std::string, std::multiset<int>> numbers() const {
        std::map<std::string, std::multiset<int>> numbers;
        for (const auto& event : collector_.events()) numbers[session(event)].insert(number(event));
        return numbers;
    }
    static std::multiset<int> one_to(int last) {
        std::multiset<int> numbers;
        for (int i = 1; i <= last; ++i) numbers.insert(i);
        return numbers;
    }
};

TEST_F(SessionsTest, EachOpenBeginsOneAndItsEventsCountFromOne) {
    std::set<std::string> sessions;
    for (int run = 0; run < 2; ++run) {
        auto client = open();
        sessions.insert(client.session_id());
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.track("event"));
        deliver(client);
        EXPECT_EQ(numbers()[client.session_id()], one_to(3));
    }
    EXPECT_EQ(sessions.size(), 2u);
    EXPECT_EQ(numbers().size(), 2u);
}

TEST_F(SessionsTest, NumbersAreGivenOnceHoweverManyThreadsTrack) {
    auto client = open();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 250; ++i) EXPECT_TRUE(client.track("event"));
        });
    }
    for (auto& thread : threads) thread.join();
    deliver(client);
    EXPECT_EQ(numbers(), (std::map<std::string, std::multiset<int>>{{client.session_id(), one_to(1'000)}}));
}

TEST_F(SessionsTest, ASilenceOfTheTimeoutEndsOneAndAShorterOneDoesNot) {
    auto client = open();
    const std::string first = client.session_id();
    clock_.advance(kTimeout - kMoment);
    client.track("just in time");
    EXPECT_EQ(client.session_id(), first);
    clock_.advance(kTimeout - kMoment);
    client.track("just in time again");
    EXPECT_EQ(client.session_id(), first);
    clock_.advance(kTimeout);
    EXPECT_EQ(client.session_id(), first);  // nothing begins before there is an event
    client.track("late");
    EXPECT_NE(client.session_id(), first);
    deliver(client);
    EXPECT_EQ(session(collector_.event("just in time again")), first);
    EXPECT_EQ(number(collector_.event("just in time again")), 2);
    EXPECT_EQ(session(collector_.event("late")), client.session_id());
    EXPECT_EQ(number(collector_.event("late")), 1);
}

TEST_F(SessionsTest, EveryKindOfEventKeepsOneGoing) {
    auto client = open();
    const std::string first = client.session_id();
    const std::function<Tracked()> kinds[] = {
        [&] { return client.screen("menu"); },
        [&] { return client.identify("user"); },
        [&] { return client.error({"it broke"}); },
        [&] { return client.performance("frame_ms", 16.6); },
    };
    for (const auto& kind : kinds) {
        clock_.advance(kTimeout - kMoment);
        EXPECT_TRUE(kind());
        EXPECT_EQ(client.session_id(), first);
    }
}

TEST_F(SessionsTest, ATimeoutOfNoneNeverEndsOneAndAShortOneIsKept) {
    for (const auto timeout : {milliseconds(0), milliseconds(200), milliseconds(5'000)}) {
        auto given = options();
        given.session_timeout = timeout;
        auto client = open(std::move(given));
        const std::string first = client.session_id();
        clock_.advance(timeout.count() == 0 ? hours(24 * 365) : timeout / 2);
        client.track("early");
        EXPECT_EQ(client.session_id(), first) << timeout.count();
        if (timeout.count() == 0) continue;
        clock_.advance(timeout * 3 / 4);
        client.track("still early");
        EXPECT_EQ(client.session_id(), first) << timeout.count();
        clock_.advance(timeout);
        client.track("late");
        EXPECT_NE(client.session_id(), first) << timeout.count();
    }
}

TEST_F(SessionsTest, ManyThreadsAfterASilenceBeginOneTogether) {
    constexpr int kThreads = 4;
    constexpr int kRounds = 25;
    auto client = open();
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            for (int round = 0; round < kRounds; ++round) {
                // The last to come moves the clock and lets all go.
                if (++ready == kThreads * (2 * round + 1)) {
                    clock_.advance(kTimeout);
                    ready += kThreads;
                }
                while (ready < kThreads * (2 * round + 2)) std::this_thread::yield();
                EXPECT_TRUE(client.track("event"));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    deliver(client);
    EXPECT_EQ(collector_.count(), static_cast<std::size_t>(kThreads * kRounds));
    const auto sessions = numbers();
    EXPECT_EQ(sessions.size(), static_cast<std::size_t>(kRounds));
    for (const auto& [session, events] : sessions) EXPECT_EQ(events, one_to(kThreads)) << session;
}

TEST_F(SessionsTest, AClockThatIsSetBackDoesNotKeepOneGoing) {
    auto client = open();
    client.track("before");
    const std::string first = client.session_id();
    clock_.set_wall_clock(-hours(5));
    client.track("after it was set");
    EXPECT_EQ(client.session_id(), first);
    clock_.advance(kTimeout);
    client.track("after the silence");
    EXPECT_NE(client.session_id(), first);
}

TEST_F(SessionsTest, ComingBackInTimeGoesOnWithOneAndLaterBeginsAnother) {
    auto client = open();
    const std::string first = client.session_id();
    client.suspend();
    clock_.advance(kTimeout - kMoment);
    client.resume();
    EXPECT_EQ(client.session_id(), first);
    client.suspend();
    clock_.advance(kTimeout);
    client.resume();
    const std::string second = client.session_id();
    EXPECT_NE(second, first);
    client.track("back");
    EXPECT_EQ(client.session_id(), second);
    deliver(client);
    EXPECT_EQ(session(collector_.event("back")), second);
    EXPECT_EQ(number(collector_.event("back")), 1);
}

TEST_F(SessionsTest, GoingToTheBackgroundDoesNotReviveOneThatIsOver) {
    auto client = open();
    const std::string first = client.session_id();
    clock_.advance(kTimeout + minutes(10));
    client.suspend();
    clock_.advance(minutes(1));
    client.resume();
    client.track("back");
    EXPECT_NE(client.session_id(), first);
}

TEST_F(SessionsTest, GoingToTheBackgroundSendsWhatThereIs) {
    auto client = open();
    ASSERT_TRUE(client.track("last words"));
    client.suspend();
    while (collector_.count() == 0) std::this_thread::yield();  // the clock stands still: nothing else is due
    EXPECT_EQ(collector_.names(), std::vector<std::string>{"last words"});
}

TEST_F(SessionsTest, ANewOneKeepsTheUserAndAResetForgetsThem) {
    auto client = open();
    std::vector<std::string> sessions{client.session_id()};
    ASSERT_TRUE(client.identify("ann"));
    client.start_session();
    sessions.push_back(client.session_id());
    ASSERT_TRUE(client.track("ann again"));
    client.reset();
    sessions.push_back(client.session_id());
    ASSERT_TRUE(client.track("nobody"));
    deliver(client);
    EXPECT_EQ(std::set<std::string>(sessions.begin(), sessions.end()).size(), 3u);
    const char* const names[] = {"identify", "ann again", "nobody"};
    for (std::size_t i = 0; i < 3; ++i) {
        const JsonValue event = collector_.event(names[i]);
        EXPECT_EQ(session(event), sessions[i]) << names[i];
        EXPECT_EQ(number(event), 1) << names[i];
        EXPECT_EQ(user(event), i < 2 ? "ann" : "") << names[i];
        EXPECT_EQ(device(event), client.device_id()) << names[i];
    }
    EXPECT_FALSE(collector_.event("nobody").has("user.id"));
}

TEST_F(SessionsTest, EventsBelongToTheUserOfTheirMoment) {
    auto client = open();
    client.track("1");
    client.identify("ann", {{"plan", "pro"}});
    client.track("2");
    std::thread([&] { client.track("3"); }).join();
    client.identify("bob");
    std::thread([&] { client.track("4"); }).join();
    client.identify("");
    client.track("5");
    deliver(client);
    const std::pair<const char*, const char*> users[] = {
        {"1", ""}, {"2", "ann"}, {"3", "ann"}, {"4", "bob"}, {"5", ""}};
    for (const auto& [name, expected] : users) EXPECT_EQ(user(collector_.event(name)), expected) << name;
    for (const auto& event : collector_.events()) EXPECT_EQ(session(event), client.session_id());
    // The traits went with the one event that brought them.
    for (const auto& event : collector_.events()) {
        EXPECT_EQ(event["metadata"].has("plan"), event["event.type"].text == "identify" && user(event) == "ann");
    }
}

TEST_F(SessionsTest, TheUserChangesAlsoWhenTheirEventIsLeftOutButNotWhenTheyAreRefused) {
    auto given = options();
    given.sampling = {{"identify", 0.0}};
    auto client = open(std::move(given));
    EXPECT_EQ(client.identify("left out").refusal, Refusal::sampled);
    client.track("1");
    EXPECT_EQ(client.identify(std::string(256, 'u')).refusal, Refusal::invalid);
    client.set_enabled(false);
    EXPECT_EQ(client.identify("disabled").refusal, Refusal::disabled);
    client.set_enabled(true);
    client.track("2");
    deliver(client);
    EXPECT_EQ(user(collector_.event("1")), "left out");
    EXPECT_EQ(user(collector_.event("2")), "left out");
}

TEST_F(SessionsTest, TheUserChangesAlsoWhenTheTraitsAreRefused) {
    auto client = open();
    EXPECT_EQ(client.identify("ann", {{"text", std::string(100 * 1024, 'x')}}).refusal, Refusal::too_large);
    client.track("1");
    EXPECT_EQ(client.identify("bob", {{"", 1}}).refusal, Refusal::invalid);
    client.track("2");
    deliver(client);
    EXPECT_EQ(user(collector_.event("1")), "ann");
    EXPECT_EQ(user(collector_.event("2")), "bob");
}

TEST_F(SessionsTest, ANewDeviceIdHoldsFromNowOnAndAfterARestart) {
    std::string before;
    std::string after;
    {
        auto client = open();
        before = client.device_id();
        client.track("old");
        ASSERT_TRUE(client.clear_device_id().ok());
        after = client.device_id();
        client.track("new");
    }
    EXPECT_NE(after, before);
    EXPECT_EQ(after.size(), 36u);
    auto client = open();
    EXPECT_EQ(client.device_id(), after);
    client.track("restarted");
    deliver(client);
    EXPECT_EQ(device(collector_.event("old")), before);
    EXPECT_EQ(device(collector_.event("new")), after);
    EXPECT_EQ(device(collector_.event("restarted")), after);
}

TEST_F(SessionsTest, ADeviceIdWithoutAFolderIsNewEachTimeAndCanBeCleared) {
    std::set<std::string> devices;
    for (int run = 0; run < 2; ++run) {
        auto given = options();
        given.storage_dir.clear();
        auto client = open(std::move(given));
        devices.insert(client.device_id());
        EXPECT_TRUE(client.clear_device_id().ok());
        devices.insert(client.device_id());
    }
    EXPECT_EQ(devices.size(), 4u);
}

TEST_F(SessionsTest, UndeliveredEventsKeepWhatTheyWereTrackedWithAcrossARestart) {
    std::string session_of_then;
    std::string device_of_then;
    {
        auto given = options();
        given.app_version = "1";
        given.global_properties = {{"branch", "old"}};
        auto client = open(std::move(given));
        client.identify("ann");
        client.track("then");
        session_of_then = client.session_id();
        device_of_then = client.device_id();
    }
    auto given = options();
    given.app_version = "2";
    auto client = open(std::move(given));
    client.identify("bob");
    ASSERT_TRUE(client.clear_device_id().ok());
    client.track("now");
    deliver(client);
    const JsonValue then = collector_.event("then");
    EXPECT_EQ(session(then), session_of_then);
    EXPECT_EQ(device(then), device_of_then);
    EXPECT_EQ(user(then), "ann");
    EXPECT_EQ(number(then), 2);
    EXPECT_EQ(then["metadata"]["app_version"].text, "1");
    EXPECT_EQ(then["metadata"]["branch"].text, "old");
    const JsonValue now = collector_.event("now");
    EXPECT_EQ(session(now), client.session_id());
    EXPECT_EQ(device(now), client.device_id());
    EXPECT_EQ(user(now), "bob");
    EXPECT_EQ(number(now), 2);
    EXPECT_EQ(now["metadata"]["app_version"].text, "2");
    EXPECT_FALSE(now["metadata"].has("branch"));
}

}  // namespace
}  // namespace pulsekit
