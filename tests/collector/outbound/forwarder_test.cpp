// Forwarders over a real store, to servers that hold requests to the services' rules.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>

#include "outbound/forwarder.hpp"
#include "tests/collector/store/events.hpp"
#include "tests/collector/support/waiting_clock.hpp"
#include "tests/support/analytics_service.hpp"

namespace collector::outbound {
namespace {

using pulsekit::test::AnalyticsService;
using pulsekit::test::JsonValue;
using pulsekit::test::ScriptedServer;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using store::test::kNoon;
using Ids = std::vector<std::string>;
using Reply = std::optional<ScriptedServer::Reply>;

constexpr const char* kKey = "the-key";

class ForwarderTest : public testing::Test {
protected:
    ~ForwarderTest() override { forwarders_.clear(); }

    AnalyticsService& amplitude() {
        if (!amplitude_) {
            amplitude_ = std::make_unique<AnalyticsService>(std::make_unique<pulsekit::test::AmplitudeRules>(kKey));
        }
        return *amplitude_;
    }
    AnalyticsService& mixpanel() {
        if (!mixpanel_) {
            mixpanel_ = std::make_unique<AnalyticsService>(
                std::make_unique<pulsekit::test::MixpanelRules>(kKey, [this] { return clock_.unix_ms(); }));
        }
        return *mixpanel_;
    }
    Forwarder& start(const Provider& provider, const std::string& url, bool every_dialect = false) {
        auto opened = Forwarder::open(
            {.provider = provider, .url = url, .key = kKey, .every_dialect = every_dialect, .max_lag = hours(7 * 24)},
            {.store = *store_,
             .clock = clock_,
             .random = random_,
             .database_path = store::local::database_path(store_.folder()),
             .log = [this](std::string_view text) { note(text); },
             .warn = [this](std::string_view text) { note(text); }});
        EXPECT_TRUE(opened) << opened.error().message;
        forwarders_.push_back(std::move(*opened));
        return *forwarders_.back();
    }
    Forwarder& start_amplitude() { return start(kAmplitude, amplitude().url()); }
    Forwarder& start_mixpanel() { return start(kMixpanel, mixpanel().url()); }

    model::Event event(const std::string& id) {
        auto made = store::test::event(id, clock_.unix_ms());
        made.session_id = "session-7";
        return made;
    }
    Ids add(const std::vector<model::Event>& events) {
        EXPECT_TRUE(store_->append(events));
        for (const auto& forwarder : forwarders_) forwarder->notify();
        Ids ids;
        for (const auto& one : events) ids.push_back(one.event_id);
        return ids;
    }
    Ids add(int count, const std::string& prefix = "e-") {
        std::vector<model::Event> events;
        for (int i = 0; i < count; ++i) events.push_back(event(prefix + std::to_string(i)));
        return add(events);
    }
    void wait_for(const AnalyticsService& service, std::size_t events) {
        clock_.advance_until([&] { return service.taken().size() >= events; });
    }
    /// The cursor has followed what was taken.
    void wait_for(const Forwarder& forwarder, std::uint64_t forwarded) {
        clock_.advance_until([&] { return forwarder.state().forwarded >= forwarded; });
    }
    std::uint64_t dropped(const Forwarder& forwarder, Drop why) const {
        return forwarder.state().dropped[static_cast<std::size_t>(why)];
    }
    void note(std::string_view text) {
        const std::lock_guard lock(mutex_);
        notes_.emplace_back(text);
    }
    bool noted(const std::string& part) const {
        const std::lock_guard lock(mutex_);
        return std::any_of(notes_.begin(), notes_.end(),
                           [&](const auto& text) { return text.find(part) != std::string::npos; });
    }
    static Reply refuse(int status = 400) { return ScriptedServer::answer(status, "no"); }

    pulsekit::test::WaitingClock clock_{kNoon};
    pulsekit::test::SeededRandom random_{7};
    store::test::Fixture store_;
    std::unique_ptr<AnalyticsService> amplitude_, mixpanel_;
    std::vector<std::unique_ptr<Forwarder>> forwarders_;
    mutable std::mutex mutex_;
    std::vector<std::string> notes_;
};

TEST_F(ForwarderTest, SendsNewEventsInTheirOrder) {
    add(3, "before-");
    auto& forwarder = start_amplitude();
    auto wanted = add(5, "after-");
    wait_for(forwarder, 5);
    EXPECT_EQ(amplitude().taken(), wanted);
    const auto more = add(2, "then-");
    wanted.insert(wanted.end(), more.begin(), more.end());
    wait_for(forwarder, 7);
    EXPECT_EQ(amplitude().taken(), wanted);
    clock_.advance_until([&] { return forwarder.state().lag_events == 0; });
    const auto state = forwarder.state();
    EXPECT_EQ(state.provider, "amplitude");
    EXPECT_EQ(state.position, 10);
    EXPECT_EQ(state.lag_seconds, 0);
    EXPECT_EQ(state.failures, 0);
    EXPECT_EQ(state.last_error, "");
}

TEST_F(ForwarderTest, SendsWhatCameByItsProtocolAndReportsSee) {
    start_amplitude();
    auto other = event("other");
    other.dialect = model::DialectId::analytics;
    auto crawler = event("crawler");
    crawler.bot = true;
    auto ledger = event("ledger");
    ledger.kind = model::Kind::delivery;
    auto elsewhere = event("elsewhere");
    elsewhere.project_id = "q";
    start(kMixpanel, mixpanel().url(), true);
    add({other, crawler, ledger, elsewhere, event("mine"), event("mine")});
    add({event("mine")});
    wait_for(amplitude(), 2);
    wait_for(mixpanel(), 3);
    add({event("last")});
    wait_for(amplitude(), 3);
    wait_for(mixpanel(), 4);
    EXPECT_EQ(amplitude().taken(), (Ids{"elsewhere", "mine", "last"}));
    EXPECT_EQ(mixpanel().taken(), (Ids{"other", "elsewhere", "mine", "last"}));
}

TEST_F(ForwarderTest, KeepsToTheSizeOfARequest) {
    auto& forwarder = start_amplitude();
    add(2'500);
    wait_for(forwarder, 2'500);
    const auto sizes = amplitude().sizes();
    EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 1'000u);
    std::vector<model::Event> large;
    for (int i = 0; i < 100; ++i) {
        large.push_back(event("large-" + std::to_string(i)));
        large.back().props = "{";
        for (int k = 0; k < 30; ++k) {
            large.back().props += "\"" + std::to_string(k) + "\":\"" + std::string(1'000, 'x') + "\",";
        }
        large.back().props.back() = '}';
    }
    add(large);
    wait_for(forwarder, 2'600);
    EXPECT_EQ(amplitude().taken().size(), 2'600u);
}

TEST_F(ForwarderTest, DropsAnEventThatIsTooLargeByItself) {
    auto& forwarder = start_amplitude();
    auto large = event("large");
    large.props = "{";
    for (int k = 0; k < 1'000; ++k) {
        large.props += "\"" + std::to_string(k) + "\":\"" + std::string(1'000, 'x') + "\",";
    }
    large.props.back() = '}';
    add({event("a"), large, event("b")});
    wait_for(forwarder, 2);
    EXPECT_EQ(amplitude().taken(), (Ids{"a", "b"}));
    EXPECT_EQ(dropped(forwarder, Drop::too_large), 1u);
}

TEST_F(ForwarderTest, TriesAgainAfterErrorsAndLater) {
    for (const int status : {500, 502, 503, 429, 408}) {
        SCOPED_TRACE(status);
        auto& forwarder = start_mixpanel();
        const auto before = mixpanel().taken().size();
        std::atomic<int> failures = 3;
        mixpanel().answer([&](std::size_t, const auto&) { return failures-- > 0 ? refuse(status) : std::nullopt; });
        add(10, "s" + std::to_string(status) + "-");
        wait_for(forwarder, 10);
        EXPECT_EQ(mixpanel().taken().size(), before + 10);
        EXPECT_EQ(forwarder.state().retries, 3u);
        EXPECT_EQ(forwarder.state().failures, 0);
        EXPECT_TRUE(noted("forwarding to Mixpanel: tried again later: HTTP " + std::to_string(status)));
        mixpanel().answer({});
        forwarders_.clear();
    }
    EXPECT_TRUE(noted("forwarding to Mixpanel goes on"));
}

TEST_F(ForwarderTest, TriesAgainWhenNoAnswerComes) {
    auto& forwarder = start_amplitude();
    std::atomic<int> failures = 2;
    amplitude().answer([&](std::size_t, const auto&) -> Reply {
        if (failures-- <= 0) return std::nullopt;
        return ScriptedServer::Reply{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", .reset = true};
    });
    const auto wanted = add(10);
    wait_for(forwarder, 10);
    EXPECT_EQ(amplitude().taken(), wanted);
    EXPECT_EQ(forwarder.state().retries, 2u);
}

TEST_F(ForwarderTest, WaitsAsLongAsItIsTold) {
    auto& forwarder = start_mixpanel();
    std::atomic<bool> busy = true;
    mixpanel().answer([&](std::size_t, const auto&) -> Reply {
        if (busy) return ScriptedServer::answer(503, "", "Retry-After: 120\r\n");
        return std::nullopt;
    });
    add(1);
    clock_.advance_until([&] { return forwarder.state().failures == 1; });
    busy = false;
    const auto state = forwarder.state();
    EXPECT_GE(state.next_try_ms, clock_.unix_ms() + 119'000);
    EXPECT_LE(state.next_try_ms, clock_.unix_ms() + 160'000);
    EXPECT_EQ(state.last_error, "HTTP 503");
    clock_.advance(seconds(119));
    clock_.let_others_wait();
    EXPECT_EQ(mixpanel().requests(), 1u);
    EXPECT_GE(forwarder.state().lag_seconds, 119);
    EXPECT_EQ(forwarder.state().lag_events, 1);
    wait_for(forwarder, 1);
}

TEST_F(ForwarderTest, PausesForAmplitudeAsItsRulesSay) {
    auto& forwarder = start_amplitude();
    std::atomic<bool> busy = true;
    amplitude().answer([&](std::size_t, const auto&) { return busy.exchange(false) ? refuse(429) : std::nullopt; });
    add(100);
    clock_.advance_until([&] { return forwarder.state().failures == 1; });
    EXPECT_GE(forwarder.state().next_try_ms, clock_.unix_ms() + 29'000);
    wait_for(forwarder, 100);
    EXPECT_EQ(amplitude().sizes().at(1), 50u);  // and fewer at a time
}

TEST_F(ForwarderTest, HalvesWhatIsTooLargeForTheService) {
    auto& forwarder = start_amplitude();
    amplitude().answer([&](std::size_t, const std::vector<JsonValue>& events) {
        return events.size() > 10 ? refuse(413) : std::nullopt;
    });
    const auto wanted = add(100);
    wait_for(forwarder, 100);
    EXPECT_EQ(amplitude().taken(), wanted);
    EXPECT_EQ(forwarder.state().retries, 0u);
}

TEST_F(ForwarderTest, DropsTheEventsThatAmplitudeNames) {
    auto& forwarder = start_amplitude();
    const std::set<std::string> bad = {"e-0", "e-7", "e-8", "e-99"};
    amplitude().answer([&](std::size_t, const std::vector<JsonValue>& events) -> Reply {
        for (std::size_t i = 0; i < events.size(); ++i) {  // it names the first alone
            if (bad.count(amplitude().insert_id(events[i])) == 0) continue;
            return ScriptedServer::answer(400, R"({"code":400,"error":"Invalid field values on some events",)"
                                               R"("events_with_invalid_fields":{"time":[)" +
                                                   std::to_string(i) + "]}}");
        }
        return std::nullopt;
    });
    add(100);
    wait_for(forwarder, 96);
    EXPECT_EQ(amplitude().taken().size(), 96u);
    EXPECT_EQ(amplitude().requests(), 5u);
    EXPECT_EQ(dropped(forwarder, Drop::refused), 4u);
    EXPECT_TRUE(noted("events are refused: HTTP 400: Invalid field values on some events"));
}

TEST_F(ForwarderTest, FindsTheBadEventThatNobodyNames) {
    auto& forwarder = start_mixpanel();
    const std::set<std::string> bad = {"e-0", "e-70", "e-71", "e-299"};
    mixpanel().answer([&](std::size_t, const std::vector<JsonValue>& events) {
        const bool refused = std::any_of(events.begin(), events.end(), [&](const auto& event) {
            return bad.count(mixpanel().insert_id(event)) != 0;
        });
        return refused ? refuse() : std::nullopt;
    });
    add(300);
    wait_for(forwarder, 296);
    clock_.advance_until([&] { return dropped(forwarder, Drop::refused) == 4; });
    const auto taken = mixpanel().taken();
    EXPECT_EQ(taken.size(), 296u);
    EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 296u);
    EXPECT_EQ(forwarder.state().retries, 0u);
    EXPECT_LT(mixpanel().requests(), 100u);
}

TEST_F(ForwarderTest, DropsNothingWhereTheSenderIsRefused) {
    for (const int status : {401, 403, 404}) {
        SCOPED_TRACE(status);
        auto& forwarder = start_mixpanel();
        const auto before = mixpanel().taken().size();
        std::atomic<bool> refuses = true;
        mixpanel().answer([&](std::size_t, const auto&) { return refuses ? refuse(status) : std::nullopt; });
        add(20, "s" + std::to_string(status) + "-");
        clock_.advance_until([&] { return forwarder.state().failures >= 3; });
        refuses = false;
        wait_for(forwarder, 20);
        EXPECT_GE(mixpanel().taken().size(), before + 20);
        EXPECT_EQ(dropped(forwarder, Drop::refused), 0u);
        mixpanel().answer({});
        forwarders_.clear();
    }
}

TEST_F(ForwarderTest, FindsTheEventThatAFirewallForbids) {
    auto& forwarder = start_mixpanel();
    mixpanel().answer([&](std::size_t, const std::vector<JsonValue>& events) {
        const bool refused = std::any_of(events.begin(), events.end(),
                                         [&](const auto& event) { return mixpanel().insert_id(event) == "e-40"; });
        return refused ? refuse(403) : std::nullopt;
    });
    add(100);
    clock_.advance_until([&] { return dropped(forwarder, Drop::refused) == 1; });
    wait_for(forwarder, 99);
    const auto taken = mixpanel().taken();
    EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()).size(), 99u);
}

TEST_F(ForwarderTest, BecomesSlowWhereEveryEventIsRefused) {
    auto& forwarder = start_mixpanel();
    std::atomic<bool> refuses = true;
    mixpanel().answer([&](std::size_t, const auto&) { return refuses ? refuse() : std::nullopt; });
    add(500);
    clock_.advance_until([&] { return forwarder.state().failures >= 10; }, seconds(1));
    EXPECT_LE(dropped(forwarder, Drop::refused), 30u);
    refuses = false;
    clock_.advance_until([&] { return forwarder.state().lag_events == 0; }, seconds(1));
    EXPECT_EQ(forwarder.state().forwarded + dropped(forwarder, Drop::refused), 500u);
    EXPECT_EQ(mixpanel().taken().size(), forwarder.state().forwarded);
}

TEST_F(ForwarderTest, OneServiceThatIsDownHoldsUpNoOther) {
    auto& dead = start(kAmplitude, "http://127.0.0.1:1/2/httpapi");
    auto& alive = start_mixpanel();
    const auto wanted = add(50);
    wait_for(alive, 50);
    EXPECT_EQ(mixpanel().taken(), wanted);
    clock_.advance_until([&] { return dead.state().failures >= 3; });
    EXPECT_EQ(dead.state().forwarded, 0u);
    EXPECT_GE(dead.state().lag_events, 50);
    EXPECT_NE(dead.state().last_error, "");
}

TEST_F(ForwarderTest, GoesOnAfterARestartWhereItWas) {
    start_amplitude();
    auto wanted = add(30, "first-");
    wait_for(*forwarders_.front(), 30);
    forwarders_.clear();
    const auto meanwhile = add(30, "then-");
    wanted.insert(wanted.end(), meanwhile.begin(), meanwhile.end());
    auto& forwarder = start_amplitude();
    wait_for(forwarder, 30);
    EXPECT_EQ(amplitude().taken(), wanted);
}

TEST_F(ForwarderTest, RemembersAcrossARestartWhenToTryAgain) {
    start_mixpanel();
    mixpanel().answer(
        [&](std::size_t, const auto&) -> Reply { return ScriptedServer::answer(503, "", "Retry-After: 600\r\n"); });
    add(1);
    clock_.advance_until([&] { return forwarders_.front()->state().failures == 1; });
    forwarders_.clear();
    mixpanel().answer({});
    auto& forwarder = start_mixpanel();
    EXPECT_EQ(forwarder.state().failures, 1);
    EXPECT_EQ(forwarder.state().last_error, "HTTP 503");
    clock_.advance(seconds(500));
    clock_.let_others_wait();
    EXPECT_EQ(mixpanel().requests(), 1u);
    EXPECT_GE(forwarder.state().lag_seconds, 500);
    wait_for(forwarder, 1);
}

TEST_F(ForwarderTest, SendsAgainUnderTheSameIdsWhatItDoesNotKnowWasTaken) {
    auto& forwarder = start_amplitude();
    std::atomic<int> lost = 2;
    Ids seen;
    amplitude().answer([&](std::size_t, const std::vector<JsonValue>& events) -> Reply {
        for (const auto& one : events) seen.push_back(amplitude().insert_id(one));
        if (lost-- > 0) return ScriptedServer::Reply{.bytes = "", .reset = true};  // taken, and the answer lost
        return std::nullopt;
    });
    const auto wanted = add(5);
    wait_for(forwarder, 5);
    ASSERT_EQ(seen.size(), 15u);
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], wanted[i % 5]);
}

TEST_F(ForwarderTest, SkipsWhatHasWaitedTooLong) {
    auto& forwarder = start_amplitude();
    amplitude().answer([&](std::size_t, const auto&) { return refuse(503); });
    add(1'500, "old-");
    clock_.advance_until([&] { return forwarder.state().failures >= 1; });
    clock_.advance(hours(7 * 24 + 1));
    const auto wanted = add(3, "new-");
    // The rest shares a request with new ones, and is done with when they are.
    clock_.advance_until([&] { return forwarder.state().skipped == 1'000; });
    amplitude().answer({});
    wait_for(forwarder, 3);
    EXPECT_EQ(amplitude().taken(), wanted);
    EXPECT_EQ(forwarder.state().skipped, 1'500u);
}

TEST_F(ForwarderTest, SendsMixpanelNothingOlderThanFiveDays) {
    auto& forwarder = start_mixpanel();
    auto old = event("old");
    old.ts_ms -= 5 * store::test::kDay + store::test::kMinute;
    auto recent = event("recent");
    recent.ts_ms -= 5 * store::test::kDay - store::test::kMinute;
    auto ahead = event("ahead");
    ahead.ts_ms += 2 * store::test::kDay;
    add({old, recent, ahead});
    wait_for(forwarder, 2);
    EXPECT_EQ(mixpanel().taken(), (Ids{"recent", "ahead"}));
    EXPECT_EQ(dropped(forwarder, Drop::too_old), 1u);
    auto& other = start_amplitude();
    auto old_too = event("old-too");
    old_too.ts_ms -= 400 * store::test::kDay;
    add({old_too});
    wait_for(other, 1);
}

TEST_F(ForwarderTest, SendsNothingOfWhatIsErased) {
    auto& forwarder = start_amplitude();
    std::atomic<bool> down = true;
    amplitude().answer([&](std::size_t, const auto&) { return down ? refuse(503) : std::nullopt; });
    auto jane = event("jane");
    jane.user_id = "jane@example.org";
    auto john = event("john");
    john.user_id = "john@example.org";
    add({jane, john});
    clock_.advance_until([&] { return forwarder.state().failures >= 1; });
    const auto erased = store_->erase({.project_id = "p", .id = "jane@example.org"}, {});
    ASSERT_TRUE(erased) << erased.error().message;
    EXPECT_EQ(*erased, 1);
    down = false;
    wait_for(forwarder, 1);
    EXPECT_EQ(amplitude().taken(), (Ids{"john"}));
    const auto all = store_->erase({.project_id = "p", .id = "john@example.org"}, {});
    ASSERT_TRUE(all);
    add({event("last")});
    wait_for(forwarder, 2);
    EXPECT_EQ(amplitude().taken(), (Ids{"john", "last"}));
}

TEST_F(ForwarderTest, TellsNobodyTheKey) {
    auto& forwarder = start_amplitude();
    amplitude().answer([&](std::size_t, const auto&) -> Reply {
        return ScriptedServer::answer(400, R"({"code":400,"error":"Invalid API key: the-key"})");
    });
    add(1);
    clock_.advance_until([&] { return forwarder.state().failures >= 1; });
    EXPECT_EQ(forwarder.state().last_error, "HTTP 400: Invalid API key: ***");
    EXPECT_FALSE(noted(kKey));
    forwarders_.clear();
    EXPECT_EQ(store_.text("SELECT count(*) FROM forwarding_cursors WHERE last_error LIKE '%the-key%'"), "0");
}

TEST_F(ForwarderTest, StopsAtOnceInTheMiddleOfAnExchange) {
    start_amplitude();
    amplitude().answer(
        [&](std::size_t, const auto&) -> Reply { return ScriptedServer::Reply{.bytes = "", .hang = true}; });
    add(1);
    clock_.advance_until([&] { return amplitude().requests() >= 1; });
    const auto before = std::chrono::steady_clock::now();
    forwarders_.clear();
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
    EXPECT_EQ(store_.text("SELECT failures FROM forwarding_cursors"), "0");
    amplitude().answer({});
    wait_for(start_amplitude(), 1);
    EXPECT_EQ(amplitude().taken(), (Ids{"e-0"}));
}

TEST_F(ForwarderTest, PassesOverWhatItIsNotToSendWithoutReadingItTwice) {
    auto& forwarder = start_amplitude();
    std::vector<model::Event> others;
    for (int i = 0; i < 1'000; ++i) {
        others.push_back(event("o-" + std::to_string(i)));
        others.back().dialect = model::DialectId::ingest;
    }
    add(others);
    clock_.advance_until([&] { return forwarder.state().position == 1'000; });
    EXPECT_EQ(amplitude().requests(), 0u);
    EXPECT_EQ(forwarder.state().lag_events, 0);
    forwarders_.clear();  // where it is not noted, for nobody asked to be sent any
    add(1);
    auto& again = start_amplitude();
    wait_for(again, 1);
    EXPECT_EQ(amplitude().taken(), (Ids{"e-0"}));
}

}  // namespace
}  // namespace collector::outbound
