// The whole collector while somebody sets the machine's clock.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <string>

#include "support/sqlite/database.hpp"
#include "support/system_environment.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using pulsekit::test::http;
using pulsekit::test::HttpReply;

constexpr std::int64_t kNoon = 1'772'712'000'000;  // 2026-03-05T12:00:00Z
constexpr std::chrono::hours kDay(24);

/// Its wall clock stands where the test has put it; time passes all the same.
class SetClock final : public pulsekit::Clock {
public:
    std::int64_t unix_ms() noexcept override { return unix_ms_; }
    Duration monotonic() noexcept override { return system_.monotonic(); }
    void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Duration when) override {
        system_.wait_until(condition, lock, when);
    }
    void set(std::chrono::milliseconds from_noon) { unix_ms_ = kNoon + from_noon.count(); }

private:
    pulsekit::SystemClock system_;
    std::atomic<std::int64_t> unix_ms_{kNoon};
};

class ClockTest : public testing::Test {
protected:
    void start() {
        dev_.app.reset();
        dev_ = test::start_dev_app(folder_.file("data"), clock_);
    }

    HttpReply post(const std::string& id) const {
        return http("POST", dev_.url + "/api/collect",
                    {"X-Pulse-Key: " + dev_.keys.at("PULSE_INGEST_KEY"), "Content-Type: application/json"},
                    R"({"type":"event","name":"tick","event_id":")" + id + "\"}");
    }
    void expect_taken(const std::string& id) const {
        const auto reply = post(id);
        EXPECT_EQ(reply.status, 200) << id << ": " << reply.body;
    }
    int status_of(const std::string& path) const {
        return http("GET", dev_.url + path, {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")}).status;
    }

    /// How often each id is stored, and when each arrived.
    std::multimap<std::string, std::int64_t> stored() const {
        auto database = pulsekit::sqlite::Database::open(folder_.file("data") + "/pulse.sqlite",
                                                         pulsekit::sqlite::Access::read_only);
        std::multimap<std::string, std::int64_t> all;
        if (!database) return all;
        auto rows = database->prepare("SELECT event_id, received_ms FROM readable_events");
        if (!rows) return all;
        for (auto row = rows->step(); row.ok() && *row; row = rows->step()) {
            all.emplace(rows->text(0), rows->integer(1));
        }
        return all;
    }

    pulsekit::test::TemporaryFolder folder_;
    SetClock clock_;
    test::DevApp dev_;
};

TEST_F(ClockTest, JumpsLoseNoEventAndCountNoneTwice) {
    start();
    expect_taken("noon");
    clock_.set(400 * kDay);
    expect_taken("far ahead");
    clock_.set(std::chrono::minutes(1));
    expect_taken("back");
    clock_.set(-400 * kDay);
    for (int i = 0; i < 2; ++i) expect_taken("far behind");
    clock_.set(std::chrono::minutes(2));
    for (const char* id : {"noon", "far ahead", "back"}) expect_taken(id);
    const std::multimap<std::string, std::int64_t> expected = {
        {"noon", kNoon},
        {"far ahead", kNoon + std::chrono::milliseconds(400 * kDay).count()},
        {"back", kNoon + 60'000},
        {"far behind", kNoon - std::chrono::milliseconds(400 * kDay).count()}};
    EXPECT_EQ(stored(), expected);
}

TEST_F(ClockTest, NoJumpCostsWhatWasStoredBeforeARestart) {
    start();
    expect_taken("first");
    clock_.set(400 * kDay);
    expect_taken("ahead");
    dev_.app.reset();
    clock_.set(std::chrono::minutes(1));
    start();
    for (const char* id : {"first", "ahead", "new"}) expect_taken(id);
    EXPECT_EQ(stored().size(), 3u);
}

TEST_F(ClockTest, DoorsStayOpenWhereverTheClockStands) {
    start();
    for (const auto days : {0, -10'000, 10'000, -400, 400, 0}) {
        clock_.set(days * kDay);
        expect_taken("at " + std::to_string(days) + (stored().count("at 0") ? " again" : ""));
        EXPECT_EQ(status_of("/health"), 200) << days;
        EXPECT_EQ(status_of("/ready"), 200) << days;
        EXPECT_EQ(status_of("/metrics"), 200) << days;
        EXPECT_EQ(status_of("/api/v1/stats"), 200) << days;
    }
    EXPECT_EQ(stored().size(), 6u);
}

}  // namespace
}  // namespace collector::app
