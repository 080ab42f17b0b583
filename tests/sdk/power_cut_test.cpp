// What Durability::power promises, held against a disk that loses what nobody synced. This program stands between the
// SDK, SQLite and the system's sync calls: it keeps what each file was at its last sync. A power cut leaves, page by
// page and name by name, either that or what the file has come to since, as a real one may.
#include <gtest/gtest.h>

#include <pulsekit/client.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "support/ids.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using pulsekit::test::SeededRandom;

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

class Disk {
public:
    void watch(const fs::path& root) {
        const std::lock_guard lock(mutex_);
        root_ = root.string();
        synced_.clear();
        names_.clear();
        syncs_ = 0;
    }
    int syncs() {
        const std::lock_guard lock(mutex_);
        return syncs_;
    }

    /// A sync of a file or folder, which waits while the power is being cut.
    void note_sync(const std::string& path) {
        const std::lock_guard lock(mutex_);
        if (root_.empty() || path.compare(0, root_.size(), root_) != 0) return;
        ++syncs_;
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            synced_[path] = contents(path);
            return;
        }
        for (const auto& entry : fs::directory_iterator(path)) names_.insert(entry.path().string());
    }

    /// Copies to `to` what is left of the watched folder; then calls `at_once` before any other sync goes on.
    template <typename AtOnce>
    void cut_power(const fs::path& to, SeededRandom& random, const AtOnce& at_once) {
        const std::lock_guard lock(mutex_);
        fs::create_directories(to);
        copy_folder(root_, to, random);
        at_once();
    }

private:
    void copy_folder(const fs::path& from, const fs::path& to, SeededRandom& random) {
        std::error_code gone;
        for (const auto& entry : fs::directory_iterator(from, gone)) {
            const std::string path = entry.path().string();
            if (names_.count(path) == 0 && random.below(2) == 0) continue;  // its folder does not know it yet
            const fs::path copy = to / entry.path().filename();
            if (entry.is_directory()) {
                fs::create_directories(copy);
                copy_folder(entry.path(), copy, random);
            } else {
                std::ofstream(copy, std::ios::binary) << surviving(path, random);
            }
        }
    }
    std::string surviving(const std::string& path, SeededRandom& random) {
        constexpr std::size_t kSector = 512;
        const std::string now = contents(path);
        const auto found = synced_.find(path);
        const std::string then = found == synced_.end() ? std::string() : found->second;
        const std::size_t size = random.below(2) == 0 ? now.size() : then.size();
        // Everything since the last sync is there, or nothing, or some of it.
        const int luck = random.below(3);
        std::string left = luck == 0 ? now : then;
        left.resize(size);
        for (std::size_t at = 0; luck == 2 && at < std::min(size, now.size()); at += kSector) {
            if (random.below(2) == 0) left.replace(at, std::min(kSector, size - at), now, at, kSector);
            left.resize(size);
        }
        return left;
    }

    std::mutex mutex_;
    std::string root_;
    std::map<std::string, std::string> synced_;
    std::set<std::string> names_;
    int syncs_ = 0;
};

Disk& disk() {
    static auto& only = *new Disk;  // outlives every thread
    return only;
}

std::string path_of(int fd) {
    std::error_code error;
    return fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error).string();
}

std::string path_mapped_at(const void* address) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        if (std::strtoull(line.c_str(), nullptr, 16) != reinterpret_cast<std::uintptr_t>(address)) continue;
        const auto slash = line.find('/');
        return slash == std::string::npos ? std::string() : line.substr(slash);
    }
    return {};
}

}  // namespace

// Stand before the system's for the whole program, SQLite included. Nothing need reach a real disk.
extern "C" int fsync(int fd) {
    disk().note_sync(path_of(fd));
    return 0;
}
extern "C" int fdatasync(int fd) {
    disk().note_sync(path_of(fd));
    return 0;
}
extern "C" int msync(void* address, size_t, int) {
    disk().note_sync(path_mapped_at(address));
    return 0;
}

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

/// Ids that a collector has got, seen by several threads.
class Collected {
public:
    std::unique_ptr<Transport> transport(int offline_of_ten) {
        return std::make_unique<test::FakeTransport>(
            [this, offline_of_ten](const HttpRequest& request) -> Result<HttpResponse> {
                const std::lock_guard lock(mutex_);
                if (chance_.below(10) < offline_of_ten) return Error{ErrorCode::unavailable, "offline"};
                const std::string body = test::plain_body(request);
                const std::string key = "{\"event_id\":\"";
                for (auto at = body.find(key); at != std::string::npos; at = body.find(key, at + 1)) {
                    ids_.insert(body.substr(at + key.size(), 36));
                }
                return test::all_accepted(request);
            });
    }
    std::set<std::string> ids() {
        const std::lock_guard lock(mutex_);
        return ids_;
    }

private:
    std::mutex mutex_;
    SeededRandom chance_{1};
    std::set<std::string> ids_;
};

Options options_for(const std::string& storage, std::unique_ptr<Transport> transport) {
    Options options;
    options.endpoint = "http://collector";
    options.api_key = "key";
    options.app_name = "power-cut";
    options.report_delivery = false;
    options.storage_dir = storage;
    options.flush_interval = milliseconds(3);
    options.max_batch_events = 50;
    options.retry_base = milliseconds(1);
    options.retry_cap = milliseconds(5);
    options.close_deadline = milliseconds(0);
    options.journal_bytes_per_thread = 256 * 1024;
    options.transport = std::move(transport);
    return options;
}

class PowerCut : public testing::Test {
protected:
    /// What comes out of the folder at the next start.
    std::set<std::string> start_again(const std::string& storage) {
        Collected collected;
        std::string told;
        auto options = options_for(storage, collected.transport(0));
        options.on_diagnostic = [&](const Diagnostic& diagnostic) { told += diagnostic.message + "\n"; };
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client.ok());
        const auto flushed = client->flush(milliseconds(60'000));
        EXPECT_TRUE(flushed.ok()) << (flushed ? "" : flushed.error().message) << "\n" << told;
        const Stats stats = client->stats();
        EXPECT_EQ(stats.queued, 0u);
        EXPECT_EQ(stats.accepted, stats.delivered + stats.dropped_total());
        EXPECT_EQ(stats.dropped.count("corrupt"), 0u);
        EXPECT_EQ(stats.dropped.count("queue_full"), 0u);
        return collected.ids();
    }

    const std::uint64_t seed_ = std::random_device{}();
    SeededRandom random_{seed_};
    test::TemporaryFolder folder_;
    std::mutex mutex_;
    std::map<std::string, Time> promised_;  // events that must survive, and since when
    std::set<std::string> tracked_;

    /// `every_event`: whether track() returning always means that the event is safe, not for some events only.
    void track_some(Client& client, std::uint64_t seed, const std::atomic<bool>& stop, bool every_event) {
        constexpr std::uint64_t kMostQueued = 5'000;  // far from the queue's limit, on a slow machine too
        SeededRandom random(seed);
        const std::string text(3'000, 'x');
        while (!stop) {
            if (client.stats().queued >= kMostQueued) {
                std::this_thread::sleep_for(milliseconds(1));
                continue;
            }
            const bool power = every_event || random.below(4) == 0;
            EventOptions how;
            how.durability = power ? Durability::power : Durability::process;
            const auto size = static_cast<std::size_t>(random.below(3'000));
            const auto tracked = client.track("step", {{"text", std::string_view(text).substr(0, size)}}, how);
            if (tracked) {
                const std::lock_guard lock(mutex_);
                tracked_.insert(tracked.id_text());
                if (power) promised_.emplace(tracked.id_text(), std::chrono::steady_clock::now());
            } else {
                std::this_thread::yield();
            }
        }
    }
};

TEST_F(PowerCut, LosesNoEventThatWasToSurviveIt) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    constexpr int kCuts = 8;
    const std::string storage = folder_.file("disk/storage");
    fs::create_directories(folder_.path() / "disk");
    disk().watch(folder_.path() / "disk");
    Collected live;
    auto client = Client::open(options_for(storage, live.transport(7)));
    ASSERT_TRUE(client.ok());
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&, seed = random_.next()] { track_some(*client, seed, stop, false); });
    }
    std::vector<std::set<std::string>> came_out;
    std::size_t most_promised = 0;
    for (int cut = 0; cut < kCuts; ++cut) {
        std::this_thread::sleep_for(milliseconds(random_.below(40)));
        std::map<std::string, Time> promised;
        {
            const std::lock_guard lock(mutex_);
            promised = promised_;
        }
        std::set<std::string> delivered;
        const fs::path left = folder_.path() / ("cut-" + std::to_string(cut));
        disk().cut_power(left, random_, [&] { delivered = live.ids(); });
        came_out.push_back(start_again((left / "storage").string()));
        std::size_t lost = 0;
        for (const auto& [id, since] : promised) lost += delivered.count(id) + came_out.back().count(id) == 0 ? 1u : 0u;
        EXPECT_EQ(lost, 0u) << "of " << promised.size() << " in cut " << cut;
        most_promised = std::max(most_promised, promised.size());
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_GT(most_promised, 0u);
    EXPECT_GT(disk().syncs(), 0);
    for (const auto& ids : came_out) {
        EXPECT_TRUE(std::includes(tracked_.begin(), tracked_.end(), ids.begin(), ids.end())) << "an event from nowhere";
    }
}

TEST_F(PowerCut, WithAWindowLosesNoEventThatIsOlder) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    constexpr milliseconds kWindow{20};
    constexpr milliseconds kMargin{3'000};  // for a machine that is busy with something else
    const std::string storage = folder_.file("disk/storage");
    fs::create_directories(folder_.path() / "disk");
    disk().watch(folder_.path() / "disk");
    Collected live;
    auto options = options_for(storage, live.transport(9));
    options.durability = Durability::power;
    options.power_window = kWindow;
    auto client = Client::open(std::move(options));
    ASSERT_TRUE(client.ok());
    std::size_t held = 0;
    for (int cut = 0; cut < 4; ++cut) {
        std::atomic<bool> stop{false};
        std::thread tracking([&, seed = random_.next()] { track_some(*client, seed, stop, true); });
        std::this_thread::sleep_for(milliseconds(20));
        stop = true;
        tracking.join();
        std::this_thread::sleep_for(kWindow + kMargin / 4 * (cut + 1));
        std::set<std::string> delivered;
        const fs::path left = folder_.path() / ("cut-" + std::to_string(cut));
        const Time now = std::chrono::steady_clock::now();
        disk().cut_power(left, random_, [&] { delivered = live.ids(); });
        const auto out = start_again((left / "storage").string());
        for (const auto& [id, since] : promised_) {
            if (now - since < kWindow + kMargin) continue;
            ++held;
            EXPECT_EQ(delivered.count(id) + out.count(id) == 0, false) << "cut " << cut;
        }
    }
    EXPECT_GT(held, 0u);
}

// Without the promise such a disk does lose events: the two tests above could fail.
TEST_F(PowerCut, MayLoseWhatWasOnlyToSurviveTheProcess) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    const std::string storage = folder_.file("disk/storage");
    fs::create_directories(folder_.path() / "disk");
    disk().watch(folder_.path() / "disk");
    Collected live;
    auto client = Client::open(options_for(storage, live.transport(10)));
    ASSERT_TRUE(client.ok());
    std::set<std::string> tracked;
    for (int i = 0; i < 20; ++i) tracked.insert(client->track("step").id_text());
    std::size_t most_lost = 0;
    for (int cut = 0; cut < 10 && most_lost == 0; ++cut) {
        const fs::path left = folder_.path() / ("cut-" + std::to_string(cut));
        disk().cut_power(left, random_, [] {});
        most_lost = tracked.size() - start_again((left / "storage").string()).size();
    }
    EXPECT_GT(most_lost, 0u);
}

}  // namespace
}  // namespace pulsekit
