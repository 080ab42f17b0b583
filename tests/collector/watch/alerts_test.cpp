// Alerts whose evaluation or telling fails, takes long, or is raced.
#include "watch/alerts.hpp"

#include <gtest/gtest.h>

#include "tests/collector/watch/world.hpp"
#include "tests/support/append_only_store.hpp"

namespace collector::watch {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using test::World;

constexpr std::int64_t kNoon = 1'772'712'000'000;  // 2026-03-05T12:00:00Z

http::Json rule(const std::string& name, const std::string& metric = "pageviews") {
    return {{"name", name},
            {"module", "pageviews"},
            {"metric", metric},
            {"operator", "gte"},
            {"threshold", 0},
            {"notify_channels", http::Json::array({{{"type", "webhook"}, {"url", "https://" + name}}})}};
}

/// Fails as it is told to, once `asked` has been called.
class FailingStore final : public collector::test::AppendOnlyStore {
public:
    using EventStore::ask;
    pulsekit::Result<std::vector<store::Stored>> append_all(const std::vector<store::Batch>&) override {
        return Error{ErrorCode::unavailable, "full"};
    }
    pulsekit::Result<void> probe() override { return {}; }
    pulsekit::Result<model::Answer> ask(const model::AnyQuestion&, const store::Patience& patience) override {
        ++questions;
        if (asked) asked(patience);
        return Error{ErrorCode::unavailable, failure};
    }

    int questions = 0;
    std::string failure = "the disk is gone";
    std::function<void(const store::Patience&)> asked;
};

class AlertWatchTest : public testing::Test {
protected:
    void create(const http::Json& json) { ids_.push_back(world_.alerts().create("p", test::rule_of(json)).value().id); }

    World world_{kNoon};
    FailingStore failing_;
    std::vector<std::string> ids_;
};

TEST_F(AlertWatchTest, AFailureIsToldOncePerTextAndStopsNoOther) {
    AlertWatch watch(world_.alert_parts(failing_));
    create(rule("first"));
    create(rule("second"));
    const auto warnings = [&](const std::string& text) {
        std::vector<std::string> all;
        for (const auto& id : ids_) all.push_back("alert " + id + " of project p: " + text);
        return all;
    };
    watch.run();
    EXPECT_EQ(std::exchange(world_.warnings, {}), warnings("the disk is gone"));
    EXPECT_EQ(failing_.questions, 2);
    watch.run();
    EXPECT_EQ(world_.warnings, std::vector<std::string>());
    EXPECT_EQ(failing_.questions, 4);
    failing_.failure = "the disk is slow";
    watch.run();
    EXPECT_EQ(world_.warnings, warnings("the disk is slow"));
}

TEST_F(AlertWatchTest, AFailureAfterASuccessIsToldAgain) {
    auto daily = rule("daily");
    daily["cooldown_minutes"] = 0;
    create(daily);
    const std::vector<std::string> warned = {"alert " + ids_[0] + " of project p: the outbox is full"};
    for (int i = 0; i < 2; ++i) {
        world_.failure = "the outbox is full";
        world_.run();
        EXPECT_EQ(std::exchange(world_.warnings, {}), warned);
        world_.failure.clear();
        world_.run();
        EXPECT_EQ(world_.take_sent().size(), 1u);
    }
}

TEST_F(AlertWatchTest, EachHasTenSeconds) {
    AlertWatch watch(world_.alert_parts(failing_));
    for (const char* name : {"first", "second"}) create(rule(name));
    int ended = 0;
    failing_.asked = [&](const store::Patience& patience) {
        world_.clock().advance(std::chrono::milliseconds(9'999));
        EXPECT_FALSE(patience.ended());
        world_.clock().advance(std::chrono::milliseconds(1));
        if (patience.ended()) ++ended;
    };
    watch.run();
    EXPECT_EQ(ended, 2);
}

TEST_F(AlertWatchTest, AStopEndsAnEvaluationWithoutAWord) {
    std::stop_source stop;
    AlertWatch watch(world_.alert_parts(failing_, stop.get_token()));
    for (const char* name : {"first", "second"}) create(rule(name));
    failing_.asked = [&](const store::Patience& patience) {
        stop.request_stop();
        EXPECT_TRUE(patience.ended());
    };
    watch.run();
    EXPECT_EQ(failing_.questions, 1);
    EXPECT_EQ(world_.warnings, std::vector<std::string>());
}

TEST_F(AlertWatchTest, WhatIsSwitchedOffOrDeletedDuringItsEvaluationTellsNothing) {
    for (const char* name : {"off", "gone", "stays"}) create(rule(name));
    auto parts = world_.alert_parts(world_.store());
    parts.send = [&, send = parts.send](const auto& messages, const Also& also) {
        if (messages[0].target == "https://off") { EXPECT_TRUE(world_.alerts().toggle("p", ids_[0]).ok()); }
        if (messages[0].target == "https://gone") { EXPECT_TRUE(world_.alerts().erase("p", ids_[1]).ok()); }
        return send(messages, also);
    };
    AlertWatch(parts).run();
    const auto sent = world_.take_sent();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].target, "https://stays");
    EXPECT_EQ(world_.warnings, std::vector<std::string>());
}

TEST_F(AlertWatchTest, AMetricThatThisVersionDoesNotKnowIsToldOf) {
    create(rule("odd", "clicks_per_moon"));
    world_.run();
    EXPECT_EQ(world_.warnings, std::vector<std::string>{"alert " + ids_[0] +
                                                        " of project p: this version knows no metric clicks_per_moon"});
}

}  // namespace
}  // namespace collector::watch
