// Options::before_send: what an application sees of its events before they are queued, and what it may do to them.
#include <functional>
#include <map>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::JsonValue;
using Names = std::vector<std::string>;

class BeforeSendTest : public test::AppTest {
protected:
    Client open_with(std::function<bool(Event&)> before_send) {
        auto given = options();
        given.collect_context = false;
        given.before_send = std::move(before_send);
        return open(std::move(given));
    }
    std::string last_body() const { return test::plain_body(collector_.requests().back()); }
    static int occurrences(const std::string& text, const std::string& of) {
        int count = 0;
        for (auto at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
        return count;
    }
};

TEST_F(BeforeSendTest, RenamesAddsChangesRemovesAndDrops) {
    auto client = open_with([](Event& event) {
        if (event.name() == "debug") return false;
        event.set_name("renamed");
        event.set_property("added", Array{1, "two"});
        event.set_property("email", "removed");
        event.remove_property("password");
        event.remove_property("never set");
        return true;
    });
    ASSERT_TRUE(client.track("event", {{"email", "ann@example.com"}, {"password", "secret"}, {"kept", 2.5}}));
    ASSERT_TRUE(client.track("debug"));
    deliver(client);
    EXPECT_EQ(collector_.names(), Names{"renamed"});
    const JsonValue metadata = collector_.event("renamed")["metadata"];
    EXPECT_EQ(metadata["added"].elements.size(), 2u);
    EXPECT_EQ(metadata["email"].text, "removed");
    EXPECT_EQ(metadata["kept"].number, 2.5);
    EXPECT_FALSE(metadata.has("password"));
    const Stats stats = client.stats();
    EXPECT_EQ(stats.accepted, 2u);
    EXPECT_EQ(stats.delivered, 1u);
    EXPECT_EQ(stats.dropped, (std::map<std::string, std::uint64_t>{{"before_send", 1}}));
}

TEST_F(BeforeSendTest, SeesWhoseTheEventIsAndWhenAndNothingOfTheContext) {
    std::string user;
    std::int64_t unix_ms = 0;
    Names seen;
    auto given = options();
    given.app_version = "1";
    given.global_properties = {{"everywhere", 1}};
    given.before_send = [&](Event& event) {
        user = event.user_id();
        unix_ms = event.unix_ms();
        event.for_each([&](const Property& property) { seen.emplace_back(property.name); });
        EXPECT_EQ(event.property("everywhere").type(), Value::Type::null);
        return true;
    };
    auto client = open(std::move(given));
    client.identify("ann", {{"plan", "pro"}});
    deliver(client);
    EXPECT_EQ(user, "ann");
    EXPECT_EQ(unix_ms, clock_.unix_ms());
    EXPECT_EQ(seen, Names{"plan"});
    // They are sent all the same.
    EXPECT_EQ(collector_.event("identify")["metadata"]["everywhere"].text, "1");
}

TEST_F(BeforeSendTest, SeesWhatEachKindOfEventBringsBeforeItsProperties) {
    std::map<std::string, Names> seen;
    auto client = open_with([&](Event& event) {
        auto& names = seen[std::string(event.name())];
        event.for_each([&](const Property& property) { names.emplace_back(property.name); });
        return true;
    });
    const Properties mine{{"mine", 1}};
    ASSERT_TRUE(client.error({"it broke", "Oops", "at main"}, mine));
    ASSERT_TRUE(client.timed("load", milliseconds(5), mine));
    ASSERT_TRUE(client.revenue("sale", {4.99, "EUR"}, mine));
    ASSERT_TRUE(client.journey_step({"way", "1", "first"}, mine));
    ASSERT_TRUE(client.state_change({"key", "old", "new"}, mine));
    ASSERT_TRUE(client.api_call({"GET", "/", 200, milliseconds(7)}, mine));
    ASSERT_TRUE(client.performance("frame_ms", 16.6, mine));
    ASSERT_TRUE(client.screen("menu", mine));
    deliver(client);
    const std::map<std::string, std::set<std::string>> fields{
        {"Oops", {"error.message", "error.type", "error.stack"}},
        {"load", {"duration_ms"}},
        {"sale", {"revenue_amount", "revenue_currency"}},
        {"journey.step", {"journey.id", "journey.step.id", "journey.step.name"}},
        {"state.change", {"state.key", "state.before", "state.after"}},
        {"api.response", {"api.method", "api.path", "api.status_code", "duration_ms"}},
        {"frame_ms", {"metric", "value"}},
        {"menu", {}}};
    EXPECT_EQ(seen.size(), fields.size());
    for (auto& [name, names] : seen) {
        ASSERT_FALSE(names.empty()) << name;
        EXPECT_EQ(names.back(), "mine") << name;
        names.pop_back();
        EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), fields.at(name)) << name;
    }
}

TEST_F(BeforeSendTest, ChangesAndRemovesWhatTheKindOfEventBrought) {
    auto client = open_with([](Event& event) {
        EXPECT_EQ(event.property("error.message").text(), "ann@example.com cannot log in");
        EXPECT_EQ(event.property("error.stack").text(), "at /home/ann");
        event.set_property("error.message", "somebody cannot log in");
        event.remove_property("error.stack");
        EXPECT_EQ(event.property("error.message").text(), "somebody cannot log in");
        EXPECT_EQ(event.property("error.stack").type(), Value::Type::null);
        return true;
    });
    ASSERT_TRUE(client.error({"ann@example.com cannot log in", "Login", "at /home/ann"}));
    deliver(client);
    const JsonValue event = collector_.event("Login");
    EXPECT_EQ(event["event.type"].text, "error");
    EXPECT_EQ(event["error.message"].text, "somebody cannot log in");
    EXPECT_EQ(event["error.type"].text, "Login");
    EXPECT_FALSE(event.has("error.stack"));
    EXPECT_EQ(last_body().find("ann@"), std::string::npos);
    EXPECT_EQ(last_body().find("/ann"), std::string::npos);
}

TEST_F(BeforeSendTest, OfANameThatIsUsedTwiceItSeesTheLastAndReplacesAll) {
    auto client = open_with([](Event& event) {
        EXPECT_EQ(event.property("twice").integer(), 2);
        if (event.name() == "set") event.set_property("twice", 3);
        if (event.name() == "remove") event.remove_property("twice");
        return true;
    });
    ASSERT_TRUE(client.track("set", {{"twice", 1}, {"other", 0}, {"twice", 2}}));
    deliver(client);
    EXPECT_EQ(occurrences(last_body(), "\"twice\":"), 1);
    EXPECT_EQ(collector_.event("set")["metadata"]["twice"].text, "3");
    ASSERT_TRUE(client.track("remove", {{"twice", 1}, {"other", 0}, {"twice", 2}}));
    deliver(client);
    EXPECT_EQ(occurrences(last_body(), "\"twice\":"), 0);
    EXPECT_TRUE(collector_.event("remove")["metadata"].has("other"));
}

TEST_F(BeforeSendTest, WhatReplacesTheKindsOwnStaysItsOwnBesideAPropertyOfTheSameName) {
    auto client = open_with([](Event& event) {
        event.set_property("error.message", "redacted");
        return true;
    });
    ASSERT_TRUE(client.error({"the secret"}, {{"error.message", "the secret again"}}));
    deliver(client);
    EXPECT_EQ(collector_.event("error")["error.message"].text, "redacted");
    EXPECT_EQ(last_body().find("secret"), std::string::npos);
}

TEST_F(BeforeSendTest, AnEditBeyondTheLimitDropsTheEvent) {
    auto client = open_with([](Event& event) {
        if (event.name() == "too large") event.set_property("text", std::string(102'400, 'x'));
        if (event.name() == "large") event.set_property("text", std::string(90'000, 'x'));
        event.remove_property("secret");
        return true;
    });
    ASSERT_TRUE(client.track("too large", {{"secret", "hunter2"}}));
    ASSERT_TRUE(client.track("large", {{"secret", "hunter2"}}));
    deliver(client);
    // Not even as it was: that is what the edit took out.
    EXPECT_EQ(collector_.names(), Names{"large"});
    EXPECT_EQ(last_body().find("hunter2"), std::string::npos);
    EXPECT_EQ(dropped(client, "before_send"), 1u);
}

TEST_F(BeforeSendTest, WhatBreaksARuleIsIgnored) {
    auto client = open_with([](Event& event) {
        event.set_name("");
        event.set_name(std::string(256, 'n'));
        event.set_property("", 1);
        event.set_property(std::string(256, 'p'), 1);
        Properties deep{{"leaf", 1}};
        for (int i = 0; i < 16; ++i) deep = Properties{{"deeper", deep}};
        event.set_property("kept", deep);
        return true;
    });
    ASSERT_TRUE(client.track("event", {{"kept", 1}}));
    deliver(client);
    const JsonValue metadata = collector_.event("event")["metadata"];
    EXPECT_EQ(metadata.members.size(), 1u);
    EXPECT_EQ(metadata["kept"].text, "1");
}

// Names and values may be the event's own, which move when it changes.
TEST_F(BeforeSendTest, TakesWhatItHandsOut) {
    auto client = open_with([](Event& event) {
        event.set_property(event.property("which").text(), event.property("other").text());
        event.set_property("name", event.name());
        event.set_name(event.property("other").text());
        event.remove_property(event.property("doomed").text());
        return true;
    });
    ASSERT_TRUE(client.track("event", {{"b", 1}, {"a", 1}, {"which", "b"}, {"other", "text"}, {"doomed", "a"}}));
    deliver(client);
    const JsonValue metadata = collector_.event("text")["metadata"];
    EXPECT_EQ(metadata.members.size(), 5u);
    EXPECT_EQ(metadata["b"].text, "text");
    EXPECT_EQ(metadata["name"].text, "event");
    EXPECT_FALSE(metadata.has("a"));
}

TEST_F(BeforeSendTest, RemovesByATextOfTheEventNoMoreThanThat) {
    auto client = open_with([](Event& event) {
        event.remove_property(event.property("k").text());
        return true;
    });
    // When the first is gone, the others move up: what was at the place of "a" is then "z".
    ASSERT_TRUE(client.track("event", {{"a", 1}, {"k", "a"}, {"n", "z"}, {"z", 1}}));
    deliver(client);
    const JsonValue metadata = collector_.event("event")["metadata"];
    EXPECT_EQ(metadata.members.size(), 3u);
    EXPECT_TRUE(metadata.has("z"));
}

TEST_F(BeforeSendTest, WhereEverythingIsDroppedNothingIsSentAndNobodyWaits) {
    auto client = open_with([](Event&) { return false; });
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.track("event"));
    deliver(client);
    EXPECT_TRUE(client.close(milliseconds(60'000)).ok());
    EXPECT_TRUE(collector_.requests().empty());
    EXPECT_EQ(dropped(client, "before_send"), 10u);
    expect_balanced(client.stats());
}

TEST_F(BeforeSendTest, NeitherSeesTheReportOfTheLedgerNorEventsThatWereLeftOut) {
    Names seen;
    auto given = options();
    given.report_delivery = true;
    given.sampling = {{"left out", 0.0}};
    given.before_send = [&](Event& event) {
        seen.emplace_back(event.name());
        return true;
    };
    auto client = open(std::move(given));
    EXPECT_FALSE(client.track("left out"));
    EXPECT_TRUE(client.track("event"));
    deliver(client);
    EXPECT_TRUE(client.track("event"));
    deliver(client);
    EXPECT_EQ(seen, (Names{"event", "event"}));
    EXPECT_GT(collector_.count(), 2u);  // the report was sent
}

}  // namespace
}  // namespace pulsekit
