// The webhooks about traffic where something fails, and what is kept for them.
#include "watch/traffic.hpp"

#include <gtest/gtest.h>

#include "meta/traffic_rows.hpp"
#include "tests/collector/watch/world.hpp"
#include "tests/support/fake_store.hpp"

namespace collector::watch {
namespace {

using test::World;

constexpr std::int64_t kNoon = 1'772'712'000'000;  // 2026-03-05T12:00:00Z

class TrafficWatchTest : public testing::Test {
protected:
    /// Over a store that answers nothing.
    std::unique_ptr<TrafficWatch> over_nothing(std::stop_token stop = {}) {
        return TrafficWatch::open(world_.path(), world_.traffic_parts(nothing_, stop)).value();
    }
    std::int64_t count(const char* sql) const {
        auto database = world_.database();
        return database.query_integer(sql).value();
    }

    World world_{kNoon};
    collector::test::FakeStore nothing_;
};

TEST_F(TrafficWatchTest, NothingIsAskedThatNobodyWantsToHear) {
    over_nothing()->run();
    world_.webhooks = {{"w", {"something else"}}};
    over_nothing()->run();
    EXPECT_EQ(world_.warnings, std::vector<std::string>());
    EXPECT_EQ(count("SELECT count(*) FROM traffic_minutes"), 0);
    EXPECT_EQ(count("SELECT count(*) FROM traffic_told"), 0);
}

TEST_F(TrafficWatchTest, AFailureIsToldOnceAndStopsNoOther) {
    world_.webhooks = {{"w", {"traffic_spike", "zero_traffic", "daily_summary"}}};
    const auto watch = over_nothing();
    watch->run();
    watch->run();
    EXPECT_EQ(world_.warnings, (std::vector<std::string>{"traffic_spike of project p: the disk is gone",
                                                         "zero_traffic of project p: the disk is gone"}));
    world_.warnings.clear();
    world_.clock().advance(std::chrono::hours(24));  // now there is a day to tell of
    watch->run();
    EXPECT_EQ(world_.warnings, std::vector<std::string>{"daily_summary of project p: the disk is gone"});
}

TEST_F(TrafficWatchTest, AStopIsNoFailure) {
    world_.webhooks = {{"w", {"traffic_spike"}}};
    std::stop_source stop;
    stop.request_stop();
    over_nothing(stop.get_token())->run();
    EXPECT_EQ(world_.warnings, std::vector<std::string>());
}

TEST_F(TrafficWatchTest, WebhooksThatCannotBeReadAreToldOf) {
    auto parts = world_.traffic_parts(nothing_);
    parts.subscriptions = [](std::string_view project_id) -> pulsekit::Result<std::vector<Subscription>> {
        if (project_id == "p") return pulsekit::Error{pulsekit::ErrorCode::unavailable, "the table is gone"};
        return std::vector<Subscription>{{.id = "w", .events = {"zero_traffic"}}};
    };
    TrafficWatch::open(world_.path(), std::move(parts)).value()->run();
    EXPECT_EQ(world_.warnings, (std::vector<std::string>{"webhooks of project p: the table is gone",
                                                         "zero_traffic of project q: the disk is gone"}));
}

TEST_F(TrafficWatchTest, AnHourOfMinutesIsKept) {
    world_.webhooks = {{"w", {"traffic_spike"}}};
    for (int minute = 0; minute < 70; ++minute) {
        world_.run();
        world_.run();  // twice in one minute is once
        world_.clock().advance(std::chrono::minutes(1));
    }
    EXPECT_EQ(count("SELECT count(*) FROM traffic_minutes"), 60);
    EXPECT_EQ(count("SELECT min(minute) FROM traffic_minutes"), kNoon / 60'000 + 10);
    world_.clock().advance(-std::chrono::minutes(30));
    world_.run();  // what was of minutes to come is gone
    EXPECT_EQ(count("SELECT max(minute) FROM traffic_minutes"), kNoon / 60'000 + 40);
    auto database = world_.database();
    EXPECT_EQ(meta::find_traffic(database, "p", kNoon / 60'000 + 40).value().minutes, 30);
    EXPECT_EQ(meta::find_traffic(database, "q", kNoon / 60'000 + 40).value().minutes, 0);
}

}  // namespace
}  // namespace collector::watch
