// The kinds of events: what each asks for, and what it becomes. How each is written in every dialect: wire_test.cpp.
#include <initializer_list>
#include <limits>
#include <optional>

#include "tests/support/app.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::JsonValue;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class KindsTest : public test::AppTest {
protected:
    void SetUp() override { client_.emplace(open()); }
    /// All were refused for breaking a rule: nothing was counted.
    void TearDown() override {
        if (client_) expect_balanced(client_->stats());
    }
    static void expect_refused(std::initializer_list<Tracked> refused) {
        int number = 0;
        for (const auto& tracked : refused) {
            EXPECT_EQ(tracked.refusal, Refusal::invalid) << "number " << number;
            EXPECT_TRUE(tracked.reason && *tracked.reason) << "number " << number;
            EXPECT_EQ(tracked.id, decltype(tracked.id){}) << "number " << number;
            ++number;
        }
    }
    JsonValue delivered(const std::string& name) {
        deliver(*client_);
        return collector_.event(name);
    }
    const std::string long_ = std::string(256, 'x');
    std::optional<Client> client_;
};

TEST_F(KindsTest, AnErrorNeedsAMessageAndATypeThatCanBeAName) {
    Client& client = *client_;
    expect_refused({client.error({""}), client.error({"", "Type", "stack"}), client.error({"message", long_})});
    EXPECT_EQ(client.stats().accepted, 0u);
    ASSERT_TRUE(client.error({"nameless"}));
    const JsonValue nameless = delivered("error");
    EXPECT_EQ(nameless["event.type"].text, "error");
    EXPECT_EQ(nameless["error.message"].text, "nameless");
    EXPECT_FALSE(nameless.has("error.type"));
    EXPECT_FALSE(nameless.has("error.stack"));
    ASSERT_TRUE(client.error({"texture not found", "AssetError", "load\nmain"}, {{"slot", 3}}));
    const JsonValue named = delivered("AssetError");
    EXPECT_EQ(named["error.type"].text, "AssetError");
    EXPECT_EQ(named["error.stack"].text, "load\nmain");
    EXPECT_EQ(named["metadata"]["slot"].text, "3");
}

TEST_F(KindsTest, ADurationIsInWholeMilliseconds) {
    Client& client = *client_;
    expect_refused({client.timed("", milliseconds(1)), client.timed(long_, milliseconds(1))});
    const Timer timer = client.start_timer();
    clock_.advance(milliseconds(1'234));
    ASSERT_TRUE(client.timed("load", timer.elapsed()));
    EXPECT_EQ(delivered("load")["duration_ms"].text, "1234");
    EXPECT_EQ(timer.elapsed(), milliseconds(1'234));  // it goes on, and tracks nothing by itself
    EXPECT_EQ(client.stats().accepted, 1u);
}

TEST_F(KindsTest, RevenueNeedsAnAmountAndACurrencyOfThreeLetters) {
    Client& client = *client_;
    expect_refused({client.revenue("", {1, "EUR"}), client.revenue("sale", {kNan, "EUR"}),
                    client.revenue("sale", {kInfinity, "EUR"}), client.revenue("sale", {-kInfinity, "EUR"}),
                    client.revenue("sale", {1, ""}), client.revenue("sale", {1, "EU"}),
                    client.revenue("sale", {1, "EURO"}), client.revenue("sale", {1, "E1R"}),
                    client.revenue("sale", {1, "\u20ac"}), client.revenue("sale", {1, "   "})});
    EXPECT_EQ(client.stats().accepted, 0u);
    ASSERT_TRUE(client.revenue("refund", {-4.99, "EUR"}));
    const JsonValue metadata = delivered("refund")["metadata"];
    EXPECT_EQ(metadata["revenue_amount"].number, -4.99);
    EXPECT_EQ(metadata["revenue_currency"].text, "EUR");
    EXPECT_TRUE(client.revenue("nothing", {0, "chf"}));
}

TEST_F(KindsTest, AJourneyStepNeedsAJourneyAndAStep) {
    Client& client = *client_;
    expect_refused({client.journey_step({}), client.journey_step({"way"}), client.journey_step({"", "1", "first"})});
    ASSERT_TRUE(client.journey_step({"way", "1"}));
    const JsonValue event = delivered("journey.step");
    EXPECT_EQ(event["gen_ai.journey.id"].text, "way");
    EXPECT_EQ(event["gen_ai.journey.step.id"].text, "1");
    EXPECT_FALSE(event.has("gen_ai.journey.step.name"));
}

TEST_F(KindsTest, AStateChangeNeedsAKey) {
    Client& client = *client_;
    expect_refused({client.state_change({}), client.state_change({"", "old", "new"})});
    ASSERT_TRUE(client.state_change({"graphics", "", "high"}));
    const JsonValue event = delivered("state.change");
    EXPECT_EQ(event["ui.state.key"].text, "graphics");
    EXPECT_FALSE(event.has("ui.state.before"));
    EXPECT_EQ(event["ui.state.after"].text, "high");
}

TEST_F(KindsTest, AnApiCallNeedsAMethodAndAPath) {
    Client& client = *client_;
    expect_refused({client.api_call({}), client.api_call({"GET"}), client.api_call({"", "/friends", 200})});
    ASSERT_TRUE(client.api_call({"GET", "/friends", 0, milliseconds(87)}));
    const JsonValue event = delivered("api.response");
    EXPECT_EQ(event["api.method"].text, "GET");
    EXPECT_EQ(event["api.path"].text, "/friends");
    EXPECT_EQ(event["api.duration_ms"].text, "87");
    EXPECT_FALSE(event.has("api.status_code"));  // 0: there was no answer
}

TEST_F(KindsTest, AMeasurementNeedsAMetricAndAFiniteValue) {
    Client& client = *client_;
    expect_refused({client.performance("", 1), client.performance("frame_ms", kNan),
                    client.performance("frame_ms", kInfinity), client.performance("LCP", -kInfinity),
                    client.performance(long_, 1)});
    ASSERT_TRUE(client.performance("frame_ms", 16.5));
    EXPECT_EQ(delivered("frame_ms")["metadata"]["value"].number, 16.5);
}

TEST_F(KindsTest, AScreenNeedsANameAndHasAPath) {
    Client& client = *client_;
    expect_refused({client.screen(""), client.screen(long_)});
    ASSERT_TRUE(client.screen("main menu"));
    ASSERT_TRUE(client.screen("/shop"));
    deliver(client);
    const auto events = collector_.events();
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0]["event.type"].text, "page.view");
    EXPECT_EQ(events[0]["page.path"].text, "/main menu");
    EXPECT_EQ(events[1]["page.path"].text, "/shop");
}

TEST_F(KindsTest, EachRefusesPropertiesThatBreakARule) {
    Client& client = *client_;
    const Properties bad{{"", 1}};
    expect_refused({client.track("event", bad), client.screen("menu", bad), client.error({"it broke"}, bad),
                    client.timed("load", milliseconds(1), bad), client.revenue("sale", {1, "EUR"}, bad),
                    client.journey_step({"way", "1"}, bad), client.state_change({"key"}, bad),
                    client.api_call({"GET", "/"}, bad), client.performance("frame_ms", 1, bad)});
    EXPECT_EQ(client.error({std::string(102'400, 'm')}).refusal, Refusal::too_large);
    EXPECT_EQ(client.stats().accepted, 0u);
}

TEST_F(KindsTest, EachTakesTheOptionsOfAnEvent) {
    Client& client = *client_;
    EventOptions urgent;
    urgent.latency = Latency::now;
    ASSERT_TRUE(client.error({"it broke"}, {}, urgent));
    while (collector_.count() == 0) std::this_thread::yield();  // the clock stands still
    EXPECT_EQ(collector_.names(), std::vector<std::string>{"error"});
}

TEST_F(KindsTest, WhatJsonCannotSayIsNullAndSoIsATextThatIsNone) {
    Client& client = *client_;
    const char* const none = nullptr;
    EXPECT_EQ(Value(none).type(), Value::Type::null);
    EXPECT_EQ(Value("").type(), Value::Type::text);
    const Properties nested{{"none", none}};
    ASSERT_TRUE(client.track("event", {{"none", none},
                                       {"nan", kNan},
                                       {"infinity", -kInfinity},
                                       {"empty", ""},
                                       {"nested", nested},
                                       {"list", Array{none, kNan}}}));
    const JsonValue metadata = delivered("event")["metadata"];
    for (const char* name : {"none", "nan", "infinity"}) {
        EXPECT_TRUE(metadata.has(name)) << name;
        EXPECT_TRUE(metadata[name].is(JsonValue::Type::null)) << name;
    }
    EXPECT_TRUE(metadata["empty"].is(JsonValue::Type::text));
    EXPECT_TRUE(metadata["nested"].has("none"));
    EXPECT_TRUE(metadata["nested"]["none"].is(JsonValue::Type::null));
    ASSERT_EQ(metadata["list"].elements.size(), 2u);
    for (const auto& element : metadata["list"].elements) EXPECT_TRUE(element.is(JsonValue::Type::null));
}

// The gateway refuses a whole batch for one of them.
TEST_F(KindsTest, ANameOfBlanksIsRefusedWhereTheDialectDoesNotTakeIt) {
    client_.reset();
    auto given = options();
    given.dialect = Dialect::gateway;
    client_.emplace(open(std::move(given)));
    expect_refused({client_->track(" "), client_->track("\t \n")});
    EXPECT_TRUE(client_->screen("  "));  // a screen has another name there
    EXPECT_TRUE(client_->track(" not blank"));
    EXPECT_EQ(client_->stats().accepted, 2u);
}

}  // namespace
}  // namespace pulsekit
