#include "ingest/pipeline.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "crypto/hash.hpp"
#include "ingest/steps/step.hpp"
#include "tests/collector/ingest/harness.hpp"

namespace collector::test {
namespace {

using pulsekit::test::http;

constexpr const char* kPageview = R"({"type":"pageview","path":"/"})";

ingest::Settings trusting_loopback(int salt_hours = 0) {
    return {.trusted_proxies = ingest::TrustedProxies::parse({"127.0.0.1"}).value(), .salt_hours = salt_hours};
}

std::string visitor(Harness& harness, const std::string& address, const std::string& agent,
                    const std::string& key = "ingest") {
    const auto reply =
        http("POST", harness.base() + "/api/collect",
             {"X-Pulse-Key: " + harness.key(key), "X-Forwarded-For: " + address, "User-Agent: " + agent}, kPageview);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return harness.store().events().back().visitor_id;
}

TEST(Visitor, IsTheKeyedHashOfProjectAddressAndAgent) {
    Harness harness(trusting_loopback());
    const std::string text = harness.project() + std::string(1, '\0') + "9.9.9.9" + std::string(1, '\0') + "Agent/1";
    const auto expected = crypto::hex(crypto::hmac_sha256(harness.catalog().server_secret(), text), 16);
    EXPECT_EQ(visitor(harness, "9.9.9.9", "Agent/1"), expected);
    EXPECT_EQ(visitor(harness, "9.9.9.9", "Agent/1"), expected);
    EXPECT_EQ(expected.size(), 32u);
}

TEST(Visitor, DiffersByAddressAgentAndProject) {
    Harness harness(trusting_loopback());
    const std::set<std::string> visitors = {visitor(harness, "9.9.9.9", "A"), visitor(harness, "9.9.9.8", "A"),
                                            visitor(harness, "9.9.9.9", "B"),
                                            visitor(harness, "9.9.9.9", "A", "other")};
    EXPECT_EQ(visitors.size(), 4u);
}

TEST(Visitor, IsNotChosenByAForgedHeader) {
    Harness harness;
    EXPECT_EQ(visitor(harness, "9.9.9.9", "A"), visitor(harness, "8.8.8.8", "A"));
}

TEST(Visitor, ChangesWithTheSalt) {
    Harness harness(trusting_loopback(24));  // kNow is 16:00 UTC
    const auto first = visitor(harness, "9.9.9.9", "A");
    harness.clock().advance(std::chrono::hours(8) - std::chrono::milliseconds(1));
    EXPECT_EQ(visitor(harness, "9.9.9.9", "A"), first);
    harness.clock().advance(std::chrono::milliseconds(1));
    EXPECT_NE(visitor(harness, "9.9.9.9", "A"), first);
}

TEST(Pipeline, MakesIdsThatIncrease) {
    Harness harness;
    for (int i = 0; i < 3; ++i) visitor(harness, "9.9.9.9", "A");
    const auto events = harness.store().events();
    EXPECT_LT(events[0].event_id, events[1].event_id);
    EXPECT_LT(events[1].event_id, events[2].event_id);
    EXPECT_EQ(events[0].event_id.size(), 36u);
    EXPECT_TRUE(events[0].event_id_is_ours);
}

TEST(Pipeline, CountsEveryEventOnceByItsFate) {
    Harness harness;
    const std::string url = harness.base() + "/v1/events";
    const std::vector<std::string> headers = {"X-PG-API-Key: " + harness.key("pageviews_only"),
                                              "Content-Type: application/json"};
    const auto event = [](const std::string& id, const std::string& type) {
        return R"({"event_id":")" + id + R"(","project_id":"p","session.id":"s","event.type":")" + type +
               R"(","event.timestamp":"2026-01-01T00:00:00Z"})";
    };
    const std::string body = R"({"events":[)" + event("a", "page.view") + "," + event("a", "page.view") + "," +
                             event("b", "custom") + R"(,{}]})";
    EXPECT_EQ(http("POST", url, headers, body).status, 202);
    EXPECT_EQ(http("POST", url, {}, body).status, 401);
    harness.store().fail(true);
    EXPECT_EQ(http("POST", url, headers, body).status, 503);

    const auto counts = harness.counters().snapshot(model::DialectId::productgraph);
    const auto rejected = [&](ingest::Reason reason) { return counts.rejected[static_cast<std::size_t>(reason)]; };
    EXPECT_EQ(counts.received, 9u);
    EXPECT_EQ(counts.stored, 1u);
    EXPECT_EQ(counts.duplicate, 1u);
    EXPECT_EQ(rejected(ingest::Reason::credentials), 1u);
    EXPECT_EQ(rejected(ingest::Reason::module), 2u);
    EXPECT_EQ(rejected(ingest::Reason::field), 2u);
    EXPECT_EQ(rejected(ingest::Reason::unavailable), 2u);
    EXPECT_EQ(counts.received, counts.stored + counts.duplicate + counts.filtered + counts.rejected_in_all());
    EXPECT_EQ(harness.counters().snapshot(model::DialectId::analytics).received, 0u);
}

TEST(Pipeline, AnswersOnlyWhatIsStoredWhileKeysAreRevoked) {
    Harness harness;
    constexpr int kThreads = 6;
    constexpr int kPosts = 30;
    std::vector<meta::CreatedKey> keys;
    for (int i = 0; i < kThreads; ++i) {
        meta::NewKey key{.project_id = harness.project(), .name = "k", .scopes = {meta::Scope::ingest}};
        keys.push_back(harness.catalog().create_key(key).value());
    }
    std::atomic<int> accepted{0};
    std::atomic<int> refused_after_revocation{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&, i] {
                const auto& key = keys[static_cast<std::size_t>(i)];
                for (int n = 0; n < kPosts; ++n) {
                    if (n == kPosts / 2 && i % 2 == 0) {
                        EXPECT_TRUE(harness.catalog().revoke_key(harness.project(), key.key.id).ok());
                    }
                    const auto reply =
                        http("POST", harness.base() + "/api/collect", {"X-Pulse-Key: " + key.secret}, kPageview);
                    if (reply.status == 200) ++accepted;
                    if (reply.status == 401) ++refused_after_revocation;
                }
            });
        }
        threads.emplace_back([&] {
            for (int n = 0; n < 20; ++n) EXPECT_GE(harness.catalog().keys(harness.project()).size(), kThreads / 2u);
        });
    }
    EXPECT_EQ(refused_after_revocation, kThreads / 2 * kPosts / 2);
    EXPECT_EQ(accepted, kThreads * kPosts - refused_after_revocation);
    EXPECT_EQ(harness.store().events().size(), static_cast<std::size_t>(accepted));
}

TEST(PathOf, CutsHostQueryAndFragment) {
    for (const auto& [url, path] :
         std::vector<std::pair<std::string, std::string>>{{"https://a.example/b/c?d#e", "/b/c"},
                                                          {"https://a.example", "/"},
                                                          {"https://a.example?x=1", "/"},
                                                          {"app://main/menu", "/menu"},
                                                          {"/b#c", "/b"},
                                                          {"/b?to=https://x/y", "/b"},
                                                          {"/b/https://x/y", "/b/https://x/y"},
                                                          {"b", "b"},
                                                          {"?a", "/"}}) {
        EXPECT_EQ(ingest::path_of(url), path) << url;
    }
}

}  // namespace
}  // namespace collector::test
