// fork(): the child has the parent's memory but not its thread, and must leave alone what is the parent's.
#include <pulsekit/client.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/support/hostile_collector.hpp"
#include "tests/support/temporary_folder.hpp"

// ThreadSanitizer starts no thread in the child of a process with several. AddressSanitizer's allocator has locks that
// fork() does not take, unlike the C library's: held by the client's thread at that moment, they stay locked in the
// child.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define PULSEKIT_TEST_CHILD_IS_CRIPPLED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define PULSEKIT_TEST_CHILD_IS_CRIPPLED 1
#endif
#endif

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using Ids = std::set<std::string>;

class ForkTest : public testing::Test {
protected:
    ForkTest() { collector_.calm(); }

    Client open() {
        Options options;
        options.endpoint = "http://collector";
        options.api_key = "key";
        options.app_name = "fork";
        options.storage_dir = storage_;
        options.report_delivery = false;
        options.flush_interval = milliseconds(1);
        options.close_deadline = milliseconds(0);
        options.transport = collector_.transport();
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client.ok());
        return std::move(*client);
    }

    /// Runs `body` in a child; its answer is the number of the first expectation that failed, 0 when none did.
    template <typename Body>
    static int in_child(const Body& body) {
        const pid_t child = ::fork();
        // Not exit(): what it would run is the parent's.
        if (child == 0) ::_exit(body());
        int status = 0;
        if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    /// What the client is to a child that does not know better.
    static int use_as_child(Client& client) {
        if (client.track("event").refusal != Refusal::forked) return 1;
        if (client.screen("screen").refusal != Refusal::forked) return 2;
        if (client.flush(milliseconds(60'000)).ok()) return 3;
        if (client.set_consent(Consent::denied).ok()) return 4;
        client.suspend();
        client.resume();
        client.pause_uploads();
        if (client.close(milliseconds(60'000)).ok()) return 5;
        return 0;
    }

    Ids track(Client& client, int count) {
        Ids ids;
        for (int i = 0; i < count; ++i) {
            const auto tracked = client.track("event");
            EXPECT_TRUE(tracked);
            ids.insert(tracked.id_text());
        }
        return ids;
    }

    test::TemporaryFolder folder_;
    std::string storage_ = folder_.file("storage");
    test::HostileCollector collector_{Dialect::productgraph, 1};
};

TEST_F(ForkTest, TheParentsClientIsInertInTheChildAndGoesOnInTheParent) {
    std::optional<Client> client(open());
    client->pause_uploads();
    Ids ids = track(*client, 50);
    EXPECT_EQ(in_child([&] {
                  const int failed = use_as_child(*client);
                  client.reset();
                  return failed;
              }),
              0);
    EXPECT_EQ(client->consent(), Consent::granted);
    EXPECT_FALSE(std::filesystem::exists(storage_ + "/consent"));
    EXPECT_EQ(client->stats().queued, 50u);
    ids.merge(track(*client, 50));
    client->resume_uploads();
    ASSERT_TRUE(client->flush(milliseconds(60'000)).ok());
    EXPECT_EQ(collector_.stored(), ids);
    EXPECT_EQ(client->stats().accepted, 100u);
    EXPECT_EQ(client->stats().delivered, 100u);
}

TEST_F(ForkTest, AChildForkedInTheMidstOfThingsNeitherHangsNorDisturbs) {
    auto client = open();
    std::atomic<bool> done{false};
    Ids ids;
    std::thread tracking([&] {
        while (!done) {
            const auto tracked = client.track("event");
            if (tracked) ids.insert(tracked.id_text());
            std::this_thread::yield();
        }
    });
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(in_child([&] {
                      const int failed = client.track("event").refusal == Refusal::forked ? 0 : 1;
                      { const Client mine = std::move(client); }
                      return failed;
                  }),
                  0);
    }
    done = true;
    tracking.join();
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    EXPECT_EQ(collector_.stored(), ids);
    EXPECT_EQ(client.stats().delivered, ids.size());
}

TEST_F(ForkTest, AChildThatOpensAClientOfItsOwnDeliversItsOwnEvents) {
#if defined(PULSEKIT_TEST_CHILD_IS_CRIPPLED)
    GTEST_SKIP() << "the sanitizer leaves the child of a process with several threads unable to open a client";
#endif
    auto client = open();
    client.pause_uploads();
    const Ids before = track(client, 20);
    const std::string told = folder_.file("told");
    EXPECT_EQ(in_child([&] {
                  // In the place of the parent's.
                  client = open();
                  const Ids ids = track(client, 10);
                  if (!client.flush(milliseconds(60'000)).ok()) return 1;
                  if (collector_.stored() != ids) return 2;  // of the child's copy of the collector
                  if (client.stats().accepted != 10 || client.stats().delivered != 10) return 3;
                  std::ofstream file(told);
                  for (const auto& id : ids) file << id << '\n';
                  track(client, 5);
                  file.close();
                  return client.close(milliseconds(60'000)).ok() ? 0 : 4;
              }),
              0);
    EXPECT_TRUE(std::filesystem::exists(storage_ + "/1/events.sqlite"));
    Ids theirs;
    std::ifstream file(told);
    for (std::string id; std::getline(file, id);) theirs.insert(id);
    EXPECT_EQ(theirs.size(), 10u);
    for (const auto& id : theirs) EXPECT_EQ(before.count(id), 0u);
    client.resume_uploads();
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    EXPECT_EQ(collector_.stored(), before);
    EXPECT_EQ(client.stats().accepted, 20u);
}

TEST_F(ForkTest, WhatAChildLeavesBehindTheParentsNextClientDelivers) {
#if defined(PULSEKIT_TEST_CHILD_IS_CRIPPLED)
    GTEST_SKIP() << "the sanitizer leaves the child of a process with several threads unable to open a client";
#endif
    Ids ids;
    {
        auto client = open();
        ids = track(client, 20);
        ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
        EXPECT_EQ(in_child([&] {
                      client = open();
                      client.pause_uploads();
                      track(client, 10);
                      return 0;  // dies with everything in its journal
                  }),
                  0);
    }
    auto client = open();
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    EXPECT_EQ(collector_.stored().size(), 30u);
    EXPECT_EQ(client.stats().accepted, 30u);
    EXPECT_EQ(client.stats().delivered, 30u);
}

}  // namespace
}  // namespace pulsekit
