// What a test of an application needs: a clock that the test turns, a collector that keeps what it was sent, and a
// client between them.
#pragma once

#include <pulsekit/client.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fake_transport.hpp"
#include "tests/support/json_value.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit::test {

/// Stands still until it is moved. Whoever waits on it looks again each millisecond.
class SteppedClock final : public Clock {
public:
    std::int64_t unix_ms() noexcept override { return 1'700'000'000'000 + elapsed_ms_ + set_by_ms_; }
    Duration monotonic() noexcept override { return std::chrono::milliseconds(1'000'000 + elapsed_ms_); }
    void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Duration) override {
        ++waits_;
        condition.wait_for(lock, std::chrono::milliseconds(1));
    }
    void advance(std::chrono::milliseconds by) { elapsed_ms_ += by.count(); }
    /// As a user does who sets the machine's clock.
    void set_wall_clock(std::chrono::milliseconds by) { set_by_ms_ += by.count(); }
    std::uint64_t waits() const { return waits_; }

private:
    std::atomic<std::int64_t> elapsed_ms_{0};
    std::atomic<std::int64_t> set_by_ms_{0};
    std::atomic<std::uint64_t> waits_{0};
};

/// Takes every event of the productgraph dialect and keeps it. Thread safe; outlives the clients that send to it.
class KeepingCollector {
public:
    std::unique_ptr<Transport> transport() {
        return std::make_unique<FakeTransport>([this](const HttpRequest& request) -> Result<HttpResponse> {
            const std::lock_guard lock(mutex_);
            if (is_offline_) return Error{ErrorCode::unavailable, "offline"};
            const auto body = JsonValue::parse(plain_body(request));
            if (!body || !body->has("events")) return HttpResponse{400, {}, "{}"};
            requests_.push_back(request);
            for (const auto& event : (*body)["events"].elements) events_.push_back(event);
            return all_accepted(request);
        });
    }
    void set_offline(bool offline) {
        const std::lock_guard lock(mutex_);
        is_offline_ = offline;
    }

    /// In the order in which they came.
    std::vector<JsonValue> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }
    std::size_t count() const { return events().size(); }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& event : events()) names.push_back(event["event.name"].text);
        return names;
    }
    /// The one of that name.
    JsonValue event(const std::string& name) const {
        std::vector<JsonValue> found;
        for (auto& event : events()) {
            if (event["event.name"].text == name) found.push_back(std::move(event));
        }
        EXPECT_EQ(found.size(), 1u) << name;
        return found.empty() ? JsonValue{} : found.front();
    }
    std::vector<HttpRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    mutable std::mutex mutex_;
    bool is_offline_ = false;
    std::vector<JsonValue> events_;
    std::vector<HttpRequest> requests_;
};

/// Clients with a storage folder, to a collector that keeps what they send.
class AppTest : public testing::Test {
protected:
    Options options() {
        Options made;
        made.endpoint = "http://collector";
        made.api_key = "key";
        made.app_name = "app";
        made.storage_dir = storage_;
        made.report_delivery = false;
        made.close_deadline = std::chrono::milliseconds(0);
        made.clock = &clock_;
        made.transport = collector_.transport();
        return made;
    }
    static Client open(Options given) {
        auto client = Client::open(std::move(given));
        EXPECT_TRUE(client.ok()) << client.error().message;
        return std::move(*client);
    }
    Client open() { return open(options()); }

    static void deliver(Client& client) {
        const auto flushed = client.flush(std::chrono::minutes(1));
        EXPECT_TRUE(flushed.ok()) << flushed.error().message;
    }
    /// Returns when the client's thread has gone round at least once: whatever it had to do by now it has done.
    void let_it_turn(Client& client) {
        client.resume();  // wakes it; a wait that begins after that is behind a whole round
        const auto before = clock_.waits();
        while (clock_.waits() <= before) std::this_thread::yield();
    }
    static void expect_balanced(const Stats& stats) {
        EXPECT_EQ(stats.accepted, stats.delivered + stats.queued + stats.dropped_total());
    }
    static std::uint64_t dropped(const Client& client, const std::string& reason) {
        const Stats stats = client.stats();
        const auto found = stats.dropped.find(reason);
        return found == stats.dropped.end() ? 0 : found->second;
    }
    static std::string session(const JsonValue& event) { return event["session.id"].text; }
    static std::string user(const JsonValue& event) { return event["user.id"].text; }
    static std::string device(const JsonValue& event) { return event["device.id"].text; }
    static int number(const JsonValue& event) { return static_cast<int>(event["event.sequence"].number); }

    TemporaryFolder folder_;
    const std::string storage_ = folder_.file("storage");
    SteppedClock clock_;
    KeepingCollector collector_;
};

}  // namespace pulsekit::test
