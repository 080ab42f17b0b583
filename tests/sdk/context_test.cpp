// What each event says of its surroundings: what the application set, what was found out, and nothing of a person.
#include <cstdlib>
#include <initializer_list>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using test::JsonValue;

class ContextTest : public test::AppTest {
protected:
    /// The metadata of one event, tracked and delivered now.
    JsonValue metadata(Client& client, std::initializer_list<Property> properties = {}) {
        const std::string name = "event " + std::to_string(++events_);
        EXPECT_TRUE(client.track(name, properties));
        deliver(client);
        return collector_.event(name)["metadata"];
    }
    static std::set<std::string> names_of(const JsonValue& object) {
        std::set<std::string> names;
        for (const auto& member : object.members) names.insert(member.first);
        return names;
    }
    int events_ = 0;
};

TEST_F(ContextTest, AGlobalPropertyGoesWithEveryEventUntilItIsReplacedOrRemoved) {
    auto given = options();
    given.collect_context = false;
    given.global_properties = {{"flavour", "beta"}, {"nested", Properties{{"deep", 1}}}};
    auto client = open(std::move(given));
    EXPECT_EQ(names_of(metadata(client)), (std::set<std::string>{"flavour", "nested"}));

    ASSERT_TRUE(client.set_global_property("region", "eu").ok());
    ASSERT_TRUE(client.set_global_property("flavour", 7).ok());
    std::thread([&] { ASSERT_TRUE(client.track("of another thread")); }).join();
    for (const JsonValue& event : {metadata(client), collector_.event("of another thread")["metadata"]}) {
        EXPECT_EQ(names_of(event), (std::set<std::string>{"flavour", "nested", "region"}));
        EXPECT_EQ(event["flavour"].text, "7");
        EXPECT_EQ(event["nested"]["deep"].text, "1");
        EXPECT_EQ(event["region"].text, "eu");
    }

    client.remove_global_property("flavour");
    client.remove_global_property("nested");
    client.remove_global_property("never set");
    EXPECT_EQ(names_of(metadata(client)), std::set<std::string>{"region"});
}

TEST_F(ContextTest, TheEventsOwnHidesTheGlobalOneAndThatWhatWasFoundOut) {
    auto client = open();
    ASSERT_TRUE(client.set_global_property("os", "global").ok());
    ASSERT_TRUE(client.set_global_property("mode", "global").ok());
    const JsonValue event = metadata(client, {{"mode", "own"}});
    EXPECT_EQ(event["os"].text, "global");
    EXPECT_EQ(event["mode"].text, "own");
    const std::string body = test::plain_body(collector_.requests().back());
    EXPECT_EQ(body.find("\"os\":"), body.rfind("\"os\":"));
    EXPECT_EQ(body.find("\"mode\":"), body.rfind("\"mode\":"));
}

TEST_F(ContextTest, GlobalPropertiesHaveTogetherAtMostEightKilobytes) {
    auto client = open();
    const std::string half(4'000, 'x');
    ASSERT_TRUE(client.set_global_property("a", half).ok());
    ASSERT_TRUE(client.set_global_property("b", half).ok());
    const auto refused = client.set_global_property("c", std::string(300, 'x'));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    // What is refused changes nothing, not even the one that it was to replace.
    EXPECT_FALSE(client.set_global_property("a", half + half).ok());
    JsonValue event = metadata(client);
    EXPECT_EQ(event["a"].text, half);
    EXPECT_EQ(event["b"].text, half);
    EXPECT_FALSE(event.has("c"));
    // What is replaced does not count twice.
    ASSERT_TRUE(client.set_global_property("a", std::string(3'000, 'y')).ok());
    ASSERT_TRUE(client.set_global_property("c", std::string(300, 'x')).ok());
    event = metadata(client);
    EXPECT_EQ(event["a"].text, std::string(3'000, 'y'));
    EXPECT_TRUE(event.has("c"));
}

TEST_F(ContextTest, AGlobalPropertyKeepsTheRulesOfAllProperties) {
    auto client = open();
    EXPECT_EQ(client.set_global_property("", 1).error().code, ErrorCode::invalid);
    EXPECT_EQ(client.set_global_property(std::string(256, 'n'), 1).error().code, ErrorCode::invalid);
    Properties deep{{"leaf", 1}};
    for (int i = 0; i < 16; ++i) deep = Properties{{"deeper", deep}};
    EXPECT_EQ(client.set_global_property("deep", deep).error().code, ErrorCode::invalid);
    EXPECT_TRUE(client.set_global_property(std::string(255, 'n'), 1).ok());
    EXPECT_TRUE(metadata(client).has(std::string(255, 'n')));
}

// Each alone is far below what the dialect takes, both together are not: every byte is written as six.
TEST_F(ContextTest, WhatIsTooMuchTogetherIsRefusedWhereItIsTracked) {
    auto client = open();
    ASSERT_TRUE(client.set_global_property("global", std::string(8'000, '\1')).ok());
    EXPECT_EQ(client.track("both", {{"own", std::string(12'000, '\1')}}).refusal, Refusal::invalid);
    EXPECT_TRUE(client.track("less", {{"own", std::string(6'000, '\1')}}));
    client.remove_global_property("global");
    EXPECT_TRUE(client.track("alone", {{"own", std::string(12'000, '\1')}}));
    deliver(client);
    EXPECT_EQ(collector_.names(), (std::vector<std::string>{"less", "alone"}));
}

TEST_F(ContextTest, VersionAndBuildAndWhatIsGivenIsSent) {
    auto given = options();
    given.app_version = "1.4.2";
    given.app_build = "b77";
    given.environment.os = "Plan 9";
    given.environment.locale = "de-CH";
    given.environment.time_zone = "Europe/Zurich";
    given.environment.device_class = "console";
    auto client = open(std::move(given));
    const JsonValue event = metadata(client);
    const std::pair<const char*, const char*> expected[] = {
        {"app_version", "1.4.2"}, {"app_build", "b77"},           {"os", "Plan 9"},
        {"locale", "de-CH"},      {"time_zone", "Europe/Zurich"}, {"device_class", "console"}};
    for (const auto& [name, value] : expected) EXPECT_EQ(event[name].text, value) << name;
    // What was not given is found out beside it.
    EXPECT_FALSE(event["arch"].text.empty());
#if !defined(_WIN32)  // wine's registry does not say
    EXPECT_FALSE(event["os_version"].text.empty());
#endif
}

TEST_F(ContextTest, NothingIsFoundOutWhereTheApplicationDoesNotWantIt) {
    auto given = options();
    given.collect_context = false;
    auto client = open(std::move(given));
    EXPECT_EQ(names_of(metadata(client)), std::set<std::string>{});
    client.screen("menu");
    client.identify("ann");
    deliver(client);
    for (const auto& event : collector_.events()) EXPECT_EQ(names_of(event["metadata"]), std::set<std::string>{});
}

TEST_F(ContextTest, WhatTheApplicationGaveIsSentAlsoWhereNothingIsFoundOut) {
    auto given = options();
    given.collect_context = false;
    given.app_version = "2";
    given.environment.locale = "fr";
    auto client = open(std::move(given));
    EXPECT_EQ(names_of(metadata(client)), (std::set<std::string>{"app_version", "locale"}));
}

TEST_F(ContextTest, ScreenAndNetworkAreSentFromTheMomentTheyAreKnown) {
    auto client = open();
    JsonValue event = metadata(client);
    EXPECT_FALSE(event.has("screen"));
    EXPECT_FALSE(event.has("network_type"));
    client.set_screen("1920x1080");
    client.set_network_type("wifi");
    event = metadata(client);
    EXPECT_EQ(event["screen"].text, "1920x1080");
    EXPECT_EQ(event["network_type"].text, "wifi");
    client.set_screen(std::string(300, 's'));
    client.set_network_type("");
    event = metadata(client);
    EXPECT_EQ(event["screen"].text, std::string(255, 's'));
    EXPECT_FALSE(event.has("network_type"));
}

TEST_F(ContextTest, ScreenAndNetworkMayBeKnownBeforehand) {
    auto given = options();
    given.environment.screen = "800x600";
    given.environment.network_type = "ethernet";
    auto client = open(std::move(given));
    const JsonValue event = metadata(client);
    EXPECT_EQ(event["screen"].text, "800x600");
    EXPECT_EQ(event["network_type"].text, "ethernet");
}

// The list is the promise: whoever adds to it has to say so here and in the guide.
TEST_F(ContextTest, OfItselfTheClientSaysNothingButThis) {
    auto client = open();
    const JsonValue found = metadata(client);
    const std::set<std::string> promised{"os", "os_version", "arch", "locale", "time_zone", "device_class"};
    for (const auto& name : names_of(found)) EXPECT_EQ(promised.count(name), 1u) << name;
    const JsonValue event = collector_.event("event 1");
    EXPECT_EQ(names_of(event),
              (std::set<std::string>{"event_id", "event.timestamp", "event.sequence", "event.type", "event.name",
                                     "metadata", "project_id", "session.id", "device.id"}));
    const auto requests = collector_.requests();
    ASSERT_EQ(requests.size(), 1u);
    for (const auto& [name, value] : requests[0].headers) {
        EXPECT_TRUE(name == "Content-Type" || name == "X-PG-API-Key" || name == "Content-Encoding") << name;
    }
    const std::string body = test::plain_body(requests[0]);
    for (const char* variable : {"HOME", "HOSTNAME", "USERPROFILE", "COMPUTERNAME"}) {
        // Shorter ones are found in an id by chance.
        const char* value = std::getenv(variable);
        if (!value || std::string(value).size() < 8) continue;
        EXPECT_EQ(body.find(value), std::string::npos) << variable;
    }
    EXPECT_EQ(body.find(folder_.path().filename().string()), std::string::npos);
}

}  // namespace
}  // namespace pulsekit
