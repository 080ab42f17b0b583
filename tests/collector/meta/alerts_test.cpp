#include "meta/alerts.hpp"

#include <gtest/gtest.h>

#include "meta/catalog.hpp"
#include "meta/database.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using pulsekit::ErrorCode;
using pulsekit::sqlite::Transaction;

class AlertsTest : public testing::Test {
protected:
    AlertsTest() { reopen(); }

    void reopen() {
        alerts_.reset();
        alerts_ = Alerts::open(path(), clock_, random_).value();
    }
    std::string path() const { return folder_.file("pulse.sqlite"); }
    std::optional<std::int64_t> last_triggered(const Alert& alert) const {
        return alerts_->alert(alert.project_id, alert.id).value().last_triggered_ms;
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<Catalog> catalog_ = Catalog::open(path(), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    const std::string other_ = catalog_->create_project("O", "o.example").value().id;
    std::unique_ptr<Alerts> alerts_;
};

AlertRule rule() {
    return {.name = "Errors",
            .module = "error_tracking",
            .metric = "error_count",
            .compared = Operator::gte,
            .threshold = 0.1,
            .window_minutes = 15,
            .cooldown_minutes = 0,
            .channels = {{AlertChannel::Type::email, "ops@example.com"},
                         {AlertChannel::Type::webhook, "https://example.com"}}};
}

void expect_rule(const Alert& alert, const AlertRule& rule) {
    EXPECT_EQ(alert.rule.name, rule.name);
    EXPECT_EQ(alert.rule.module, rule.module);
    EXPECT_EQ(alert.rule.metric, rule.metric);
    EXPECT_EQ(alert.rule.compared, rule.compared);
    EXPECT_EQ(alert.rule.threshold, rule.threshold);
    EXPECT_EQ(alert.rule.window_minutes, rule.window_minutes);
    EXPECT_EQ(alert.rule.cooldown_minutes, rule.cooldown_minutes);
    EXPECT_EQ(alert.rule.channels, rule.channels);
}

TEST_F(AlertsTest, AreAsTheyWereMadeAfterAReopen) {
    const auto first = alerts_->create(project_, rule()).value();
    const auto second = alerts_->create(project_, {.name = "Tells nobody"}).value();
    reopen();
    const auto listed = alerts_->alerts(project_).value();
    ASSERT_EQ(listed.size(), 2u);
    EXPECT_EQ(listed[0].id, first.id);
    EXPECT_EQ(listed[0].project_id, project_);
    EXPECT_TRUE(listed[0].enabled);
    EXPECT_EQ(listed[0].created_ms, clock_.unix_ms());
    expect_rule(listed[0], rule());
    EXPECT_EQ(listed[1].id, second.id);
    expect_rule(listed[1], {.name = "Tells nobody"});
    EXPECT_TRUE(alerts_->alerts(other_).value().empty());
}

TEST_F(AlertsTest, AChangeLeavesWhatItDoesNotName) {
    const auto made = alerts_->create(project_, rule()).value();
    auto expected = rule();
    expected.threshold = 7;
    expected.channels = {};
    EXPECT_TRUE(alerts_->change(project_, made.id, {.threshold = 7, .channels = std::vector<AlertChannel>()}).ok());
    expect_rule(alerts_->alert(project_, made.id).value(), expected);
    EXPECT_FALSE(alerts_->toggle(project_, made.id).value().enabled);
    EXPECT_FALSE(alerts_->alert(project_, made.id).value().enabled);
    EXPECT_TRUE(alerts_->toggle(project_, made.id).value().enabled);
    EXPECT_TRUE(alerts_->erase(project_, made.id).ok());
    EXPECT_TRUE(alerts_->alerts(project_).value().empty());
}

TEST_F(AlertsTest, AnothersIsNone) {
    const auto made = alerts_->create(project_, rule()).value();
    EXPECT_EQ(alerts_->alert(other_, made.id).error().code, ErrorCode::not_found);
    EXPECT_EQ(alerts_->change(other_, made.id, {.name = "x"}).error().code, ErrorCode::not_found);
    EXPECT_EQ(alerts_->toggle(other_, made.id).error().code, ErrorCode::not_found);
    EXPECT_EQ(alerts_->erase(other_, made.id).error().code, ErrorCode::not_found);
    expect_rule(alerts_->alert(project_, made.id).value(), rule());
}

TEST_F(AlertsTest, ThatOneFiredIsKnownWhenItsTransactionHasCommitted) {
    const auto made = alerts_->create(project_, rule()).value();
    auto outbox = open_database(path()).value();
    {
        const auto cut_off = Transaction::begin(outbox);
        EXPECT_TRUE(note_triggered(outbox, made.id, 1).ok());
    }
    EXPECT_EQ(last_triggered(made), std::nullopt);
    auto transaction = Transaction::begin(outbox).value();
    EXPECT_TRUE(note_triggered(outbox, made.id, 2).ok());
    EXPECT_TRUE(transaction.commit().ok());
    EXPECT_EQ(last_triggered(made), 2);
    EXPECT_TRUE(alerts_->change(project_, made.id, {.name = "Renamed"}).ok());
    EXPECT_EQ(last_triggered(made), 2);
}

TEST_F(AlertsTest, WhatIsOffOrGoneDoesNotFire) {
    const auto made = alerts_->create(project_, rule()).value();
    auto outbox = open_database(path()).value();
    EXPECT_TRUE(alerts_->toggle(project_, made.id).ok());
    EXPECT_EQ(note_triggered(outbox, made.id, 1).error().code, ErrorCode::not_found);
    EXPECT_EQ(note_triggered(outbox, "nothing", 1).error().code, ErrorCode::not_found);
    EXPECT_EQ(last_triggered(made), std::nullopt);
}

}  // namespace
}  // namespace collector::meta
