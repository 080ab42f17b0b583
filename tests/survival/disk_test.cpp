// The disk fills up under the collector, and is given room again: nobody restarts it, and nothing acknowledged is lost.
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/support/temporary_folder.hpp"
#include "tests/survival/doors.hpp"

namespace pulsekit {
namespace {

using test::CollectorProcess;
using test::Door;

const Door& door_at(const std::string& path) {
    for (const Door& door : test::doors()) {
        if (door.path == path) return door;
    }
    throw std::runtime_error("no door at " + path);
}

/// Sends events one by one and knows which were acknowledged. Those that were not wait to be sent again.
class Sender {
public:
    explicit Sender(const CollectorProcess& collector) : collector_(collector) {}

    /// Whether it was stored; else it was refused as it should be for want of room.
    bool send(const Door& door, std::size_t bytes) {
        const std::string id = "disk-" + std::to_string(++count_);
        waiting_.insert(id);
        return send(door, bytes, id);
    }

    void send_waiting() {
        for (const auto& id : std::set<std::string>(waiting_)) EXPECT_TRUE(send(door_at("/v1/events"), 10, id)) << id;
    }

    void expect_stored_once() const {
        EXPECT_TRUE(waiting_.empty());
        const auto stored = collector_.stored_ids();
        for (const auto& id : acknowledged_) {
            const auto found = stored.find(id);
            EXPECT_EQ(found == stored.end() ? 0 : found->second, 1) << id;
        }
        EXPECT_EQ(stored.size(), acknowledged_.size());
    }

private:
    bool send(const Door& door, std::size_t bytes, const std::string& id) {
        std::string body = test::event_at(door, id);
        const std::string name = std::strstr(door.before, "\"event_id\"") ? "\"event_id\"" : "\"id\"";
        body.insert(body.rfind(name), "\"pad\":\"" + std::string(bytes, 'x') + "\",");
        const auto reply = test::knock(collector_, door, body);
        if (reply.status == door.success) {
            acknowledged_.insert(id);
            waiting_.erase(id);
            return true;
        }
        EXPECT_EQ(reply.status, 503) << door.path << ": " << reply.body;
        EXPECT_NE(reply.head.find("Retry-After: "), std::string::npos) << door.path << ": " << reply.head;
        return false;
    }

    const CollectorProcess& collector_;
    int count_ = 0;
    std::set<std::string> acknowledged_;
    std::set<std::string> waiting_;
};

bool is_refused_soon(Sender& sender, const Door& door, std::size_t bytes, int tries) {
    while (tries-- > 0) {
        if (!sender.send(door, bytes)) return true;
    }
    return false;
}

int ready(const CollectorProcess& collector) { return test::http("GET", collector.url() + "/ready").status; }

/// Large events until one is refused, then small ones at every door: a small one may find room where no large one does.
void fill(Sender& sender) {
    ASSERT_TRUE(is_refused_soon(sender, door_at("/api/v1/pulse/events"), 60'000, 2000));
    for (const Door& door : test::doors()) { EXPECT_TRUE(is_refused_soon(sender, door, 10, 1000)) << door.path; }
}

void expect_service_without_room(const CollectorProcess& collector) {
    EXPECT_EQ(test::http("GET", collector.url() + "/health").status, 200);
    EXPECT_TRUE(collector.ask("stats").is_object());  // what is stored is still told
}

void expect_recovery(CollectorProcess& collector, Sender& sender) {
    const pid_t process = collector.process_id();
    EXPECT_EQ(ready(collector), 200);
    for (const Door& door : test::doors()) EXPECT_TRUE(sender.send(door, 10)) << door.path;
    sender.send_waiting();
    EXPECT_EQ(collector.process_id(), process);
    sender.expect_stored_once();
    EXPECT_EQ(collector.stop(), 0);
    test::Process check({PULSEKIT_COLLECTOR_BINARY, "check", "--data", collector.data()}, collector.data() + ".check");
    EXPECT_EQ(check.wait(), 0);
}

class FullDisk : public testing::Test {
protected:
    void SetUp() override {
        ::setenv("PULSE_RATE_INGEST", "0", 1);
        data_ = folder_.file("data");
        std::filesystem::create_directory(data_);
    }

    const test::TemporaryFolder folder_;
    std::string data_;
};

/// A file system in memory that only this test and its children see; it goes with them.
std::string mount_disk(const std::string& folder) {
    const auto failed = [](const char* what) { return std::string(what) + ": " + std::strerror(errno); };
    if (::unshare(CLONE_NEWNS) != 0) return failed("no mount namespace of its own");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("mounts stay shared");
    if (::mount("pulse-test", folder.c_str(), "tmpfs", 0, "size=24m,mode=0700") != 0) return failed("no tmpfs");
    return {};
}

TEST_F(FullDisk, IsRefusedWithAWaitUntilThereIsRoom) {
    if (const auto why = mount_disk(data_); !why.empty()) GTEST_SKIP() << why;
    const std::string ballast = data_ + "/ballast";
    std::ofstream(ballast) << std::string(12 << 20, 'x');
    {
        CollectorProcess collector(data_);
        Sender sender(collector);
        EXPECT_EQ(ready(collector), 200);
        fill(sender);
        EXPECT_EQ(ready(collector), 503);
        expect_service_without_room(collector);
        std::filesystem::remove(ballast);
        expect_recovery(collector, sender);
    }
    ::umount2(data_.c_str(), MNT_DETACH);
}

void limit_files(pid_t process, rlim_t bytes) {
    rlimit limit{};
    ASSERT_EQ(::prlimit(process, RLIMIT_FSIZE, nullptr, &limit), 0);
    limit.rlim_cur = std::min(bytes, limit.rlim_max);
    ASSERT_EQ(::prlimit(process, RLIMIT_FSIZE, &limit, nullptr), 0);
}

// The same without any right: writes beyond a size fail, with another error than those of a full disk.
TEST_F(FullDisk, OrFilesThatMayNotGrow) {
    const auto before = std::signal(SIGXFSZ, SIG_IGN);  // else it ends the collector, which inherits this
    CollectorProcess collector(data_);
    std::signal(SIGXFSZ, before);
    Sender sender(collector);
    limit_files(collector.process_id(), 3 << 20);
    fill(sender);
    expect_service_without_room(collector);
    limit_files(collector.process_id(), RLIM_INFINITY);
    expect_recovery(collector, sender);
}

}  // namespace
}  // namespace pulsekit
