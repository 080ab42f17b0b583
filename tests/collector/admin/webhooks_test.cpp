// Webhooks and the outbox over HTTP: tests/data/admin/webhooks.json, and what is sent.
#include <gtest/gtest.h>

#include <map>

#include "admin/routes.hpp"
#include "crypto/hash.hpp"
#include "http/json.hpp"
#include "http/server.hpp"
#include "tests/collector/query/case_files.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::admin {
namespace {

using http::Json;
using pulsekit::test::ScriptedServer;

class WebhooksTest : public testing::Test {
protected:
    WebhooksTest() {
        const auto key = [&](const std::string& project) {
            return catalog_->create_key({.project_id = project, .name = "K", .scopes = {meta::Scope::admin}})
                .value()
                .secret;
        };
        keys_ = {{"token", "the-admin-token"}, {"admin", key(kept_["p"])}, {"other", key(kept_["q"])}};
        http::Server::Options options;
        options.port = 0;
        server_ = std::make_unique<http::Server>(admin::routes(admin_), options);
        base_ = "http://127.0.0.1:" + std::to_string(server_->start().value());
    }

    pulsekit::test::HttpReply send(const Json& request) {
        std::vector<std::string> headers = {"Expect:"};
        const auto key = request.value("key", "token");
        if (key != "none") headers.push_back("Authorization: Bearer " + keys_.at(key));
        const auto body = request.contains("body") ? http::to_text(request["body"]) : request.value("text", "");
        return pulsekit::test::http(request.at("method"), base_ + request.at("path").get<std::string>(), headers, body);
    }
    Json ask(const std::string& method, const std::string& path, const Json& body = nullptr) {
        Json request{{"method", method}, {"path", resolved(path)}};
        if (!body.is_null()) request["body"] = body;
        return http::parse_json(send(request).body).value_or(Json());
    }
    std::string resolved(std::string text) const {
        for (const auto& [name, id] : kept_) {
            const auto mark = "<" + name + ">";
            for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
                text.replace(at, mark.size(), id);
        }
        return text;
    }
    void subscribe(const std::string& url) {
        kept_["w"] = ask("POST", "/api/admin/projects/<p>/webhooks",
                         {{"url", url}, {"events", {"daily_summary"}}, {"secret", "whsec"}})
                         .at("id");
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};  // 2026-03-22T16:00:00Z
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_ =
        meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::map<std::string, std::string> kept_ = {{"p", catalog_->create_project("P", "p.example").value().id},
                                                {"q", catalog_->create_project("Q", "q.example").value().id}};
    std::map<std::string, std::string> keys_;
    std::unique_ptr<meta::Experiments> experiments_ =
        meta::Experiments::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Surveys> surveys_ =
        meta::Surveys::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Deletions> deletions_ = meta::Deletions::open(folder_.file("pulse.sqlite")).value();
    std::unique_ptr<meta::Audit> audit_ = meta::Audit::open(folder_.file("pulse.sqlite"), clock_).value();
    std::unique_ptr<meta::Webhooks> webhooks_ =
        meta::Webhooks::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<outbound::Outbox> outbox_ =
        outbound::Outbox::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    collector::test::MemoryStore store_;
    meta::Access access_{*catalog_, clock_, meta::RateLimits{.admin = 0}};
    Admin admin_{.catalog = *catalog_,
                 .access = access_,
                 .experiments = *experiments_,
                 .surveys = *surveys_,
                 .deletions = *deletions_,
                 .audit = *audit_,
                 .store = store_,
                 .webhooks = *webhooks_,
                 .outbox = *outbox_,
                 .clock = clock_,
                 .random = random_,
                 .reach = outbound::Reach::loopback_too,
                 .token = "the-admin-token",
                 .configured = {},
                 .forwarding = [] { return std::vector<outbound::ForwardingState>(); },
                 .log = [](std::string_view) {},
                 .warn = [](std::string_view) {},
                 .stop = {}};
    std::unique_ptr<http::Server> server_;
    std::string base_;
};

TEST_F(WebhooksTest, AnswerAsWritten) {
    const auto file = query::test::read_case_file(PULSEKIT_TEST_DATA "/admin/webhooks.json");
    for (const auto& written : file.at("cases")) {
        const auto request = http::parse_json(resolved(http::to_text(written.at("request")))).value();
        SCOPED_TRACE(written.at("about").get<std::string>() + "\n" + request.dump());
        const auto reply = send(request);
        EXPECT_EQ(reply.status, written.at("status").get<int>()) << reply.body;
        const auto body = http::parse_json(reply.body).value_or(Json());
        if (written.contains("keep") && body.is_object()) kept_[written["keep"]] = body.value("id", "");
        if (written.contains("reply")) {
            const auto expected = http::parse_json(resolved(http::to_text(written["reply"]))).value();
            EXPECT_EQ(body, expected) << Json::diff(expected, body);
        } else {
            EXPECT_EQ(reply.body, "");
        }
    }
}

TEST_F(WebhooksTest, ATestIsSentSignedAndLogged) {
    ScriptedServer::Received received;
    ScriptedServer hook([&](std::size_t number, const ScriptedServer::Received& request) {
        received = request;
        return ScriptedServer::answer(number == 0 ? 200 : 500, "");
    });
    subscribe(hook.url());
    auto told = ask("POST", "/api/admin/projects/<p>/webhooks/<w>/test");
    EXPECT_TRUE(told["success"].get<bool>()) << told;
    EXPECT_EQ(told["status_code"], 200);
    EXPECT_TRUE(told["response_time_ms"].is_number_unsigned()) << told;
    EXPECT_FALSE(told.contains("error"));
    EXPECT_EQ(received.body, resolved(R"({"event":"test","project_id":"<p>","timestamp":"2026-03-22T16:00:00Z",)"
                                      R"("data":{"webhook_id":"<w>"}})"));
    EXPECT_NE(received.head.find("X-Pulse-Signature: " + crypto::hex(crypto::hmac_sha256("whsec", received.body))),
              std::string::npos)
        << received.head;
    told = ask("POST", "/api/admin/projects/<p>/webhooks/<w>/test");
    EXPECT_FALSE(told["success"].get<bool>());
    EXPECT_EQ(told["status_code"], 500);

    const auto log = ask("GET", "/api/admin/projects/<p>/webhooks/<w>/deliveries")["data"];
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
    const auto told = ask("POST", "/api/admin/projects/<p>/webhooks/<w>/test");
    EXPECT_FALSE(told["success"].get<bool>());
    EXPECT_EQ(told["status_code"], 0);
    EXPECT_NE(told.value("error", "").find("connect"), std::string::npos) << told;
}

TEST_F(WebhooksTest, TheOutboxTellsHowForwardingGoes) {
    admin_.forwarding = [] {
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
    ASSERT_TRUE(outbox_
                    ->add({{.project_id = kept_["p"],
                            .channel = outbound::Channel::subscription,
                            .target = kept_["w"],
                            .event = "daily_summary",
                            .body = "{}"}})
                    .ok());
    const auto due = outbox_->next_due().value().value();
    ASSERT_TRUE(
        outbox_->settle(due, {.outcome = outbound::Attempt::Outcome::hopeless, .status = 0, .error = "closed"}).ok());
    const auto listed = ask("GET", "/api/admin/outbox?status=failed&project_id=<p>")["data"];
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed[0]["channel"], "subscription");
    EXPECT_EQ(listed[0]["target"], kept_["w"]);
    EXPECT_EQ(listed[0]["error"], "closed");
    EXPECT_EQ(ask("GET", "/api/admin/outbox?status=failed&project_id=<q>")["data"].size(), 0u);
    const auto replayed = ask("POST", "/api/admin/outbox/" + due.id + "/replay");
    EXPECT_EQ(replayed["status"], "pending") << replayed;
    EXPECT_EQ(replayed["next_attempt_at"], "2026-03-22T16:00:00Z");
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(
            outbox_->add({{.project_id = kept_["p"], .channel = outbound::Channel::email, .target = "a@b.example"}})
                .ok());
    }
    const auto page = ask("GET", "/api/admin/outbox?limit=2");
    EXPECT_EQ(page["data"].size(), 2u);
    const auto rest = ask("GET", "/api/admin/outbox?limit=2&before=" + page.value("next_before", ""));
    ASSERT_EQ(rest["data"].size(), 1u);
    EXPECT_EQ(rest["data"][0]["id"], due.id);
    EXPECT_TRUE(rest["next_before"].is_null());
    EXPECT_TRUE(outbox_->next_due().value());
}

}  // namespace
}  // namespace collector::admin
