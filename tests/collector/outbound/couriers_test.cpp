// Messages on their way through real servers.
#include "outbound/couriers.hpp"

#include <gtest/gtest.h>

#include <mutex>

#include "crypto/hash.hpp"
#include "http/json.hpp"
#include "meta/catalog.hpp"
#include "outbound/channels/webhook.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::outbound {
namespace {

using http::Json;
using pulsekit::test::Process;
using pulsekit::test::ScriptedServer;

class CouriersTest : public testing::Test {
protected:
    void start(Reach reach = Reach::loopback_too, MailSettings mail = {}) {
        couriers_ = std::make_unique<Couriers>(CourierParts{.outbox = *outbox_,
                                                            .webhooks = *webhooks_,
                                                            .reach = reach,
                                                            .mail = std::move(mail),
                                                            .log = [this](std::string_view text) {
                                                                const std::lock_guard lock(mutex_);
                                                                log_ += std::string(text) + "\n";
                                                            }});
    }
    void add(Channel channel, const std::string& target, const std::string& body = "{}",
             const std::string& subject = {}) {
        ASSERT_TRUE(outbox_
                        ->add({{.project_id = project_,
                                .channel = channel,
                                .target = target,
                                .event = "alert",
                                .subject = subject,
                                .body = body}})
                        .ok());
    }
    /// The newest message, once that holds of it.
    template <typename F>
    Kept once(F holds) {
        for (;;) {
            const auto all = outbox_->list({}).value();
            if (!all.empty() && holds(all.front())) return all.front();
            std::this_thread::yield();
        }
    }
    Kept settled() {
        return once([](const Kept& kept) { return kept.state != State::pending; });
    }
    std::string log() {
        const std::lock_guard lock(mutex_);
        return log_;
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};  // 2026-03-22T16:00:00Z
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_ =
        meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    std::unique_ptr<meta::Webhooks> webhooks_ =
        meta::Webhooks::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<Outbox> outbox_ = Outbox::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::mutex mutex_;
    std::string log_;
    std::unique_ptr<Couriers> couriers_;
};

TEST_F(CouriersTest, ASubscriptionIsSigned) {
    ScriptedServer::Received received;
    ScriptedServer server([&](std::size_t, const ScriptedServer::Received& request) {
        received = request;
        return ScriptedServer::answer(204, "");
    });
    const auto webhook =
        webhooks_->create({.project_id = project_, .url = server.url() + "/hook", .secret = "whsec"}).value();
    start();
    const auto body = envelope("traffic_spike", project_, clock_.unix_ms(), {{"active_visitors", 187}});
    add(Channel::subscription, webhook.id, body);
    const auto kept = settled();
    EXPECT_EQ(kept.state, State::delivered);
    EXPECT_EQ(kept.last_status, 204);
    EXPECT_EQ(received.body, R"({"event":"traffic_spike","project_id":")" + project_ +
                                 R"(","timestamp":"2026-03-22T16:00:00Z","data":{"active_visitors":187}})");
    const auto signature = crypto::hex(crypto::hmac_sha256("whsec", received.body));
    for (const auto& header : {"X-Pulse-Signature: " + signature, "X-Pulse-Delivery: " + kept.id,
                               std::string("Content-Type: application/json"), std::string("X-Pulse-Event: alert")}) {
        EXPECT_NE((received.head + "\r\n").find("\r\n" + header + "\r\n"), std::string::npos) << received.head;
    }
}

TEST_F(CouriersTest, WithoutASecretNothingIsSigned) {
    std::string head;
    ScriptedServer server([&](std::size_t, const ScriptedServer::Received& request) {
        head = request.head;
        return ScriptedServer::answer(200, "");
    });
    start();
    add(Channel::webhook, server.url());
    EXPECT_EQ(settled().state, State::delivered);
    EXPECT_EQ(head.find("X-Pulse-Signature"), std::string::npos) << head;
}

TEST_F(CouriersTest, WhatFailsIsRepeatedAsTheSameDelivery) {
    std::mutex mutex;
    std::vector<std::string> deliveries;
    ScriptedServer server([&](std::size_t number, const ScriptedServer::Received& request) {
        const std::lock_guard lock(mutex);
        const auto at = request.head.find("X-Pulse-Delivery: ");
        deliveries.push_back(request.head.substr(at, request.head.find('\r', at) - at));
        if (number == 0) return ScriptedServer::Reply{.reset = true};
        if (number == 1) return ScriptedServer::answer(503, "");
        return ScriptedServer::answer(200, "");
    });
    start();
    add(Channel::webhook, server.url());
    for (int attempts = 1; attempts < 3; ++attempts) {
        const auto kept = once([&](const Kept& now) { return now.attempts == attempts; });
        EXPECT_EQ(kept.state, State::pending);
        clock_.advance(std::chrono::minutes(1));
    }
    EXPECT_EQ(settled().state, State::delivered);
    ASSERT_EQ(deliveries.size(), 3u);
    EXPECT_EQ(deliveries[0], deliveries[1]);
    EXPECT_EQ(deliveries[0], deliveries[2]);
}

TEST_F(CouriersTest, ATargetThatHangsHoldsUpNoOther) {
    ScriptedServer hanging(
        [](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::Reply{.hang = true}; });
    ScriptedServer good([](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::answer(200, ""); });
    start();
    for (int i = 0; i < 10; ++i) add(Channel::webhook, hanging.url());
    add(Channel::webhook, good.url());
    EXPECT_EQ(settled().message.target, good.url());
    EXPECT_LE(hanging.count(), 1u);
}

TEST_F(CouriersTest, WhereItMayNotGoItDoesNotTry) {
    ScriptedServer server([](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::answer(200, ""); });
    start(Reach::public_only);
    add(Channel::webhook, server.url());
    const auto kept = settled();
    EXPECT_EQ(kept.state, State::failed);
    EXPECT_EQ(kept.error, "the address may not be connected to");
    EXPECT_EQ(server.count(), 0u);
    EXPECT_NE(log().find("is given up: the address may not be connected to"), std::string::npos) << log();
}

TEST_F(CouriersTest, AWebhookThatIsGoneIsNotLookedForAgain) {
    start();
    add(Channel::subscription, "gone");
    EXPECT_EQ(settled().error, "the webhook has been deleted");
}

TEST_F(CouriersTest, WithoutAServerMailIsUndeliverableAndSaysWhy) {
    start();
    add(Channel::email, "ops@example.org");
    const auto kept = settled();
    EXPECT_EQ(kept.state, State::failed);
    EXPECT_EQ(kept.error, "there is no server to send mail by: set PULSE_SMTP_URL and PULSE_SMTP_FROM");
}

class MailTest : public CouriersTest {
protected:
    MailTest() : server_({"/usr/bin/python3", PULSEKIT_SMTP_SERVER}) {
        port_ = server_.read_line().value_or("no port");
    }
    MailSettings settings(const std::string& password = "secret") const {
        return {.server = {.url = "smtp://127.0.0.1:" + port_, .user = "pulse", .password = password},
                .from = "Pulse <pulse@example.org>"};
    }
    Json mail() { return http::parse_json(server_.read_line().value_or("null")).value(); }

    Process server_;
    std::string port_;
};

TEST_F(MailTest, MailIsSent) {
    start(Reach::public_only, settings());
    add(Channel::email, "ops@example.org",
        "line one\nliné two, and so on until the line is longer than mail may be in base64\n",
        "Alert: Seitenaufrufe über 100");
    const auto kept = settled();
    EXPECT_EQ(kept.state, State::delivered) << kept.error;
    EXPECT_EQ(kept.last_status, 250);
    const auto got = mail();
    EXPECT_EQ(got["from"], "pulse@example.org");
    EXPECT_EQ(got["to"], Json::parse(R"(["ops@example.org"])"));
    EXPECT_EQ(got["user"], "pulse");
    EXPECT_EQ(got["content"],
              "From: Pulse <pulse@example.org>\r\nTo: ops@example.org\r\n"
              "Subject: =?UTF-8?B?QWxlcnQ6IFNlaXRlbmF1ZnJ1ZmUgw7xiZXIgMTAw?=\r\n"
              "Date: Sun, 22 Mar 2026 16:00:00 +0000\r\nMessage-ID: <" +
                  kept.id +
                  "@example.org>\r\n"
                  "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n"
                  "bGluZSBvbmUKbGluw6kgdHdvLCBhbmQgc28gb24gdW50aWwgdGhlIGxpbmUgaXMgbG9uZ2VyIHRo\r\n"
                  "YW4gbWFpbCBtYXkgYmUgaW4gYmFzZTY0Cg==\r\n");
}

TEST_F(MailTest, AnUnknownMailboxIsGivenUpAndABusyOneTriedAgain) {
    start(Reach::public_only, settings());
    add(Channel::email, "nobody@example.org");
    const auto unknown = settled();
    EXPECT_EQ(unknown.state, State::failed);
    EXPECT_EQ(unknown.last_status, 550);
    EXPECT_EQ(unknown.error, "SMTP 550 5.1.1 no such mailbox");
    add(Channel::email, "busy@example.org");
    const auto busy = once([](const Kept& kept) { return kept.attempts == 1; });
    EXPECT_EQ(busy.state, State::pending);
    EXPECT_EQ(busy.last_status, 451);
    EXPECT_EQ(busy.error, "SMTP 451 4.3.0 try again");
}

TEST_F(MailTest, AWrongPasswordIsToldWithoutIt) {
    start(Reach::public_only, settings("wrong-password"));
    add(Channel::email, "ops@example.org");
    const auto kept = settled();
    EXPECT_EQ(kept.last_status, 535);
    EXPECT_EQ(kept.error.find("wrong-password"), std::string::npos) << kept.error;
}

TEST(MailText, SubjectsAreCutBetweenCharacters) {
    std::string subject;
    for (int i = 0; i < 40; ++i) subject += "é";
    const auto text =
        mail_text("a@b.example", {.id = "id", .message = {.target = "c@d.example", .subject = subject + "\r\nBcc: x"}});
    EXPECT_EQ(text.find("\r\nBcc"), std::string::npos) << text;
    const auto at = text.find("Subject: ");
    const auto header = text.substr(at, text.find("\r\nDate") - at);
    EXPECT_EQ(header.substr(0, header.find(' ', 10) - 2),
              "Subject: =?UTF-8?B?w6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6nDqcOpw6k=?=")
        << header;
}

}  // namespace
}  // namespace collector::outbound
