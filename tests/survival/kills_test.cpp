// Killed again and again under load: what was acknowledged is there, once.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/support/temporary_folder.hpp"
#include "tests/survival/doors.hpp"

namespace pulsekit {
namespace {

using test::CollectorProcess;

#if defined(PULSEKIT_SANITIZED)
constexpr int kKills = 6;
#else
constexpr int kKills = 25;
#endif
constexpr int kClients = 4;

/// One application: sends events one after another, each again and again until it is acknowledged.
class Sender {
public:
    Sender(const CollectorProcess& collector, int number, unsigned seed)
        : collector_(collector), number_(number), random_(seed) {}

    void run(const std::atomic<bool>& stop) {
        while (!stop) {
            if (pending_.empty()) pending_ = std::to_string(number_) + "-" + std::to_string(++sent_);
            const auto& door = test::doors()[random_() % test::doors().size()];
            if (door.path == std::string("/api/collect") || door.path == std::string("/collect")) continue;  // limited
            try {
                // The same event through whatever door: an id is known in all of them.
                const auto reply = test::knock(collector_, door, test::event_at(door, pending_));
                if (reply.status != door.success) continue;
            } catch (const std::exception&) {
                continue;  // nobody there, or gone in the middle: it may be stored, and is sent again
            }
            acknowledged_.insert(std::exchange(pending_, {}));
        }
    }
    const std::set<std::string>& acknowledged() const { return acknowledged_; }

private:
    const CollectorProcess& collector_;
    const int number_;
    std::mt19937 random_;
    int sent_ = 0;
    std::string pending_;
    std::set<std::string> acknowledged_;
};

TEST(Kills, UnderLoadLoseNothingAndDoubleNothing) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    std::vector<std::unique_ptr<Sender>> senders;
    for (int i = 0; i < kClients; ++i) {
        senders.push_back(std::make_unique<Sender>(collector, i, seed + static_cast<unsigned>(i)));
    }
    for (int kill = 0; kill < kKills; ++kill) {
        std::atomic<bool> stop{false};
        std::vector<std::thread> threads;
        for (auto& sender : senders) threads.emplace_back([&] { sender->run(stop); });
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 200));
        collector.kill();
        stop = true;
        for (auto& thread : threads) thread.join();
        collector.restart();
    }
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (auto& sender : senders) threads.emplace_back([&] { sender->run(stop); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(collector.stop(), 0);

    const auto stored = collector.stored_ids();
    std::size_t acknowledged = 0;
    for (const auto& sender : senders) {
        acknowledged += sender->acknowledged().size();
        for (const auto& id : sender->acknowledged()) {
            const auto found = stored.find(id);
            EXPECT_EQ(found == stored.end() ? 0 : found->second, 1) << id;
        }
    }
    EXPECT_GT(acknowledged, static_cast<std::size_t>(kKills));
    for (const auto& [id, count] : stored) EXPECT_EQ(count, 1) << id;
    test::Process check({PULSEKIT_COLLECTOR_BINARY, "check", "--data", collector.data()}, collector.data() + ".check");
    EXPECT_EQ(check.wait(), 0);
}

}  // namespace
}  // namespace pulsekit
