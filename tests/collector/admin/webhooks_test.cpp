// What webhooks are sent, and the outbox over HTTP; of requests that are refused see tests/data/administration.
#include <gtest/gtest.h>

#include "crypto/hash.hpp"
#include "tests/collector/admin/served.hpp"
#include "tests/support/scripted_server.hpp"

namespace collector::admin {
namespace {

using http::Json;
using pulsekit::test::ScriptedServer;

class WebhooksTest : public testing::Test {
protected:
    WebhooksTest() { served_.admin->reach = outbound::Reach::loopback_too; }

    Json ask(const std::string& method, const std::string& path, const std::string& body = {}) {
        return served_.json(served_.send(method, path, body));
    }
    void subscribe(const std::string& url) {
        const auto made =
            ask("POST", all_, http::to_text({{"url", url}, {"events", {"daily_summary"}}, {"secret", "whsec"}}));
        webhook_ = made.at("id");
        one_ = all_ + "/" + webhook_;
    }

    const pulsekit::test::TemporaryFolder folder_;
    test::Served served_{folder_.path().string()};
    const std::string project_ = served_.project();
    const std::string all_ = "/api/admin/projects/" + project_ + "/webhooks";
    std::string webhook_;
    std::string one_;
};

TEST_F(WebhooksTest, ATestIsSentSignedAndLogged) {
    ScriptedServer::Received received;
    ScriptedServer hook([&](std::size_t number, const ScriptedServer::Received& request) {
        received = request;
        return ScriptedServer::answer(number == 0 ? 200 : 500, "");
    });
    subscribe(hook.url());
    auto told = ask("POST", one_ + "/test");
    EXPECT_TRUE(told["success"].get<bool>()) << told;
    EXPECT_EQ(told["status_code"], 200);
    EXPECT_TRUE(told["response_time_ms"].is_number_unsigned()) << told;
    EXPECT_FALSE(told.contains("error"));
    EXPECT_EQ(received.body, R"({"event":"test","project_id":")" + project_ +
                                 R"(","timestamp":"2026-03-22T16:00:00Z","data":{"webhook_id":")" + webhook_ +
                                 R"("}})");
    EXPECT_NE(received.head.find("X-Pulse-Signature: " + crypto::hex(crypto::hmac_sha256("whsec", received.body))),
              std::string::npos)
        << received.head;
    told = ask("POST", one_ + "/test");
    EXPECT_FALSE(told["success"].get<bool>());
    EXPECT_EQ(told["status_code"], 500);

    const auto log = ask("GET", one_ + "/deliveries")["data"];
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0]["status"], "failed");
    EXPECT_EQ(log[0]["error"], "HTTP 500");
    EXPECT_EQ(log[1]["status"], "delivered");
    EXPECT_EQ(log[1]["event"], "test");
    EXPECT_EQ(log[1]["attempts"], 1);
    EXPECT_EQ(log[1]["status_code"], 200);
    EXPECT_EQ(log[1]["last_attempt_at"], "2026-03-22T16:00:00Z");
    EXPECT_TRUE(log[1]["next_attempt_at"].is_null());
    EXPECT_NE(received.head.find("X-Pulse-Delivery: " + log[0]["id"].get<std::string>()), std::string::npos);
}

TEST_F(WebhooksTest, ATestThatReachesNobodySaysSo) {
    std::string url;
    {
        ScriptedServer closed(
            [](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::answer(200, ""); });
        url = closed.url();
    }
    subscribe(url);
    const auto told = ask("POST", one_ + "/test");
    EXPECT_FALSE(told["success"].get<bool>());
    EXPECT_EQ(told["status_code"], 0);
    EXPECT_NE(told.value("error", "").find("connect"), std::string::npos) << told;
}

TEST_F(WebhooksTest, TheOutboxTellsHowForwardingGoes) {
    served_.admin->forwarding = [] {
        outbound::ForwardingState down{.provider = "mixpanel",
                                       .lag_events = 7,
                                       .lag_seconds = 61.5,
                                       .failures = 3,
                                       .next_try_ms = 1'774'195'260'000,
                                       .last_error = "HTTP 503",
                                       .forwarded = 40,
                                       .skipped = 2};
        down.dropped[0] = 1;
        down.dropped[1] = 4;
        return std::vector<outbound::ForwardingState>{{.provider = "amplitude"}, down};
    };
    EXPECT_EQ(ask("GET", "/api/admin/outbox"), http::parse_json(R"({"data":[],"next_before":null,"forwarding":[
                {"provider":"amplitude","lag_events":0,"lag_seconds":0,"forwarded":0,"skipped":0,"dropped":{},"failures":0,
                 "error":null,"next_attempt_at":null},
                {"provider":"mixpanel","lag_events":7,"lag_seconds":62,"forwarded":40,"skipped":2,"dropped":{"refused":1,"too_large":4},"failures":3,
                 "error":"HTTP 503","next_attempt_at":"2026-03-22T16:01:00Z"}]})")
                                                   .value());
}

TEST_F(WebhooksTest, TheOutboxIsListedAndReplayed) {
    subscribe("https://hooks.example.com");
    ASSERT_TRUE(served_.outbox
                    ->add({{.project_id = project_,
                            .channel = outbound::Channel::subscription,
                            .target = webhook_,
                            .event = "daily_summary",
                            .body = "{}"}})
                    .ok());
    const auto due = served_.outbox->next_due().value().value();
    ASSERT_TRUE(
        served_.outbox->settle(due, {.outcome = outbound::Attempt::Outcome::hopeless, .status = 0, .error = "closed"})
            .ok());
    const auto listed = ask("GET", "/api/admin/outbox?status=failed&project_id=" + project_)["data"];
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0]["channel"], "subscription");
    EXPECT_EQ(listed[0]["target"], webhook_);
    EXPECT_EQ(listed[0]["error"], "closed");
    EXPECT_EQ(ask("GET", "/api/admin/outbox?status=failed&project_id=another")["data"].size(), 0u);
    const auto replayed = ask("POST", "/api/admin/outbox/" + due.id + "/replay");
    EXPECT_EQ(replayed["status"], "pending") << replayed;
    EXPECT_EQ(replayed["next_attempt_at"], "2026-03-22T16:00:00Z");
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(served_.outbox
                        ->add({{.project_id = project_, .channel = outbound::Channel::email, .target = "a@b.example"}})
                        .ok());
    }
    const auto page = ask("GET", "/api/admin/outbox?limit=2");
    EXPECT_EQ(page["data"].size(), 2u);
    const auto rest = ask("GET", "/api/admin/outbox?limit=2&before=" + page.value("next_before", ""));
    ASSERT_EQ(rest["data"].size(), 1u);
    EXPECT_EQ(rest["data"][0]["id"], due.id);
    EXPECT_TRUE(rest["next_before"].is_null());
    EXPECT_TRUE(served_.outbox->next_due().value());
}

}  // namespace
}  // namespace collector::admin
