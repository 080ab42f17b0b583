#include "outbound/outbox.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "meta/catalog.hpp"
#include "meta/webhooks.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::outbound {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

const Attempt kDelivered{.outcome = Attempt::Outcome::delivered, .status = 200, .took_ms = 12};
Attempt failing(milliseconds at_least = {}) { return {.status = 500, .error = "HTTP 500", .at_least = at_least}; }

class OutboxTest : public testing::Test {
protected:
    OutboxTest() { reopen(); }

    void reopen() {
        outbox_.reset();
        outbox_ = Outbox::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    }
    Message message(const std::string& body, const std::string& target = "https://a.example") {
        return {.project_id = project_, .channel = Channel::webhook, .target = target, .event = "alert", .body = body};
    }
    void add(const std::string& body, const std::string& target = "https://a.example") {
        ASSERT_TRUE(outbox_->add({message(body, target)}).ok());
    }
    std::optional<Kept> next() { return outbox_->next_due().value(); }
    std::string next_body() {
        const auto kept = next();
        return kept ? kept->message.body : "nothing";
    }
    Kept only(const Listing& listing = {}) {
        const auto all = outbox_->list(listing).value();
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? Kept() : all.front();
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};  // 2026-03-22T16:00:00Z
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_ =
        meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, AMessageIsDeliveredOnce) {
    EXPECT_EQ(next_body(), "nothing");
    add("1");
    const auto kept = next();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->message.body, "1");
    EXPECT_EQ(next_body(), "nothing") << "it is somebody's";
    ASSERT_TRUE(outbox_->settle(*kept, kDelivered).ok());
    EXPECT_EQ(next_body(), "nothing");
    const auto after = only();
    EXPECT_EQ(after.id, kept->id);
    EXPECT_EQ(after.state, State::delivered);
    EXPECT_EQ(after.attempts, 1);
    EXPECT_EQ(after.last_status, 200);
    EXPECT_EQ(after.last_took_ms, 12);
    EXPECT_EQ(outbox_->counters().channels[1].delivered, 1u);
}

TEST_F(OutboxTest, MessagesToOneTargetLeaveInOrderAndOthersDoNotWait) {
    add("a1", "https://a.example");
    add("a2", "https://a.example");
    add("b1", "https://b.example");
    const auto a1 = next();
    EXPECT_EQ(a1->message.body, "a1");
    EXPECT_EQ(next_body(), "b1");
    EXPECT_EQ(next_body(), "nothing") << "a2 comes after a1";
    ASSERT_TRUE(outbox_->settle(*a1, failing()).ok());
    clock_.advance(minutes(1));
    const auto again = next();
    EXPECT_EQ(again->message.body, "a1");
    EXPECT_EQ(again->id, a1->id) << "the same at each attempt";
    ASSERT_TRUE(outbox_->settle(*again, kDelivered).ok());
    EXPECT_EQ(next_body(), "a2");
}

TEST_F(OutboxTest, AFailureIsTriedAgainForADayWithGrowingWaits) {
    add("1");
    int attempts = 0;
    milliseconds passed{0};
    milliseconds longest{0};
    while (const auto kept = next()) {
        ++attempts;
        ASSERT_TRUE(outbox_->settle(*kept, failing()).ok());
        const auto now = only();
        if (now.state == State::failed) break;
        const milliseconds wait(now.next_ms - clock_.unix_ms());
        longest = std::max(longest, wait);
        EXPECT_LE(wait, minutes(5));
        if (wait.count() > 0) {
            clock_.advance(wait - milliseconds(1));
            EXPECT_EQ(next_body(), "nothing") << "too early";
            clock_.advance(milliseconds(1));
        }
        passed += wait;
    }
    EXPECT_GT(attempts, 24 * 60 / 5) << "at least once in five minutes";
    EXPECT_GT(passed, hours(23));
    EXPECT_GT(longest, minutes(2));
    const auto after = only();
    EXPECT_EQ(after.state, State::failed);
    EXPECT_EQ(after.error, "given up after a day: HTTP 500");
    EXPECT_EQ(after.attempts, attempts);
    EXPECT_EQ(outbox_->counters().channels[1].failed, 1u);
    EXPECT_EQ(outbox_->counters().channels[1].retried, static_cast<std::uint64_t>(attempts - 1));
}

TEST_F(OutboxTest, WaitsAsLongAsTheServerAsks) {
    add("1");
    ASSERT_TRUE(outbox_->settle(*next(), failing(minutes(20))).ok());
    clock_.advance(minutes(19));
    EXPECT_EQ(next_body(), "nothing");
    clock_.advance(minutes(7));
    EXPECT_EQ(next_body(), "1");
}

TEST_F(OutboxTest, WhatIsHopelessIsGivenUpAtOnceAndMayBeReplayed) {
    add("1");
    const auto kept = *next();
    ASSERT_TRUE(outbox_->settle(kept, {.outcome = Attempt::Outcome::hopeless, .error = "no such mailbox"}).ok());
    EXPECT_EQ(only().state, State::failed);
    EXPECT_EQ(only().error, "no such mailbox");
    clock_.advance(hours(30));
    EXPECT_EQ(next_body(), "nothing");
    EXPECT_EQ(outbox_->replay("nothing").error().code, pulsekit::ErrorCode::not_found);
    EXPECT_EQ(outbox_->replay(kept.id).value().state, State::pending);
    const auto again = *next();
    EXPECT_EQ(again.id, kept.id);
    ASSERT_TRUE(outbox_->settle(again, failing()).ok());
    EXPECT_EQ(only().state, State::pending) << "for another day";
    EXPECT_EQ(only().attempts, 2);
}

TEST_F(OutboxTest, WhatWaitsSurvivesARestart) {
    add("1");
    add("2");
    (void)next();  // under way when the process dies
    reopen();
    const auto kept = *next();
    EXPECT_EQ(kept.message.body, "1");
    ASSERT_TRUE(outbox_->settle(kept, kDelivered).ok());
    reopen();
    EXPECT_EQ(next_body(), "2");
}

TEST_F(OutboxTest, WhatIsToBeKnownWithTheMessagesIsWrittenWithThem) {
    const auto renaming = [](Database& database) { return database.execute("UPDATE projects SET name = 'told'"); };
    ASSERT_TRUE(outbox_->add({message("1")}, renaming).ok());
    const auto failing_later = [](Database& database) -> Result<void> {
        EXPECT_TRUE(database.execute("UPDATE projects SET name = 'never'").ok());
        return pulsekit::Error{pulsekit::ErrorCode::internal, "no"};
    };
    EXPECT_FALSE(outbox_->add({message("2"), message("3")}, failing_later).ok());
    EXPECT_EQ(only().message.body, "1");
    auto reopened = meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    EXPECT_EQ(reopened->project(project_)->name, "told");
}

TEST_F(OutboxTest, TheOldestOfTooManyIsGivenUp) {
    std::vector<Message> many;
    for (int i = 0; i < 1001; ++i) many.push_back(message(std::to_string(i)));
    ASSERT_TRUE(outbox_->add(many).ok());
    add("other", "https://b.example");
    EXPECT_EQ(outbox_->waiting().value()[1], 1001);
    const auto failed = only({.state = State::failed});
    EXPECT_EQ(failed.message.body, "0");
    EXPECT_EQ(failed.error, "given up: 1000 newer messages were waiting");
    EXPECT_EQ(next_body(), "1");
    EXPECT_EQ(outbox_->counters().channels[1].failed, 1u);
}

TEST_F(OutboxTest, WhatIsSettledIsForgottenAfterAWeek) {
    add("settled");
    ASSERT_TRUE(outbox_->settle(*next(), kDelivered).ok());
    add("waits");
    clock_.advance(hours(24 * 7));
    ASSERT_TRUE(outbox_->trim().ok());
    EXPECT_EQ(outbox_->list({}).value().size(), 2u);
    clock_.advance(milliseconds(1));
    ASSERT_TRUE(outbox_->trim().ok());
    EXPECT_EQ(only().message.body, "waits");
}

TEST_F(OutboxTest, ListsNewestFirstInPages) {
    for (int i = 0; i < 5; ++i) add(std::to_string(i), "https://" + std::to_string(i % 2) + ".example");
    const auto first = outbox_->list({.limit = 2}).value();
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0].message.body, "4");
    const auto second = outbox_->list({.before = first[1].id, .limit = 2}).value();
    ASSERT_EQ(second.size(), 2u);
    EXPECT_EQ(second[0].message.body, "2");
    EXPECT_EQ(outbox_->list({.target = "https://1.example"}).value().size(), 2u);
    EXPECT_EQ(outbox_->list({.project_id = "another"}).value().size(), 0u);
    EXPECT_EQ(outbox_->list({.state = State::delivered}).value().size(), 0u);
}

TEST_F(OutboxTest, WhatAWebhookWaitedForGoesWithIt) {
    auto webhooks = meta::Webhooks::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const auto webhook = webhooks->create({.project_id = project_, .url = "https://a.example"}).value();
    ASSERT_TRUE(outbox_->add({{.project_id = project_, .channel = Channel::subscription, .target = webhook.id}}).ok());
    const auto under_way = *next();
    ASSERT_TRUE(webhooks->erase(project_, webhook.id).ok());
    EXPECT_TRUE(outbox_->list({}).value().empty());
    EXPECT_TRUE(outbox_->settle(under_way, kDelivered).ok()) << "nothing is left to be noted";
    EXPECT_TRUE(outbox_->list({}).value().empty());
}

TEST_F(OutboxTest, WhoWaitsIsWokenByAMessageAndByTheEnd) {
    std::vector<std::string> taken;
    std::jthread courier([&](const std::stop_token& stop) {
        while (const auto kept = outbox_->take(stop, [](std::string_view) {})) {
            taken.push_back(kept->message.body);
            EXPECT_TRUE(outbox_->settle(*kept, taken.size() == 1 ? failing() : kDelivered).ok());
        }
    });
    add("1");
    while (only().attempts == 0) std::this_thread::yield();
    clock_.advance(minutes(1));
    while (only().state != State::delivered) std::this_thread::yield();
    courier.request_stop();
    courier.join();
    EXPECT_EQ(taken, (std::vector<std::string>{"1", "1"}));
}

}  // namespace
}  // namespace collector::outbound
