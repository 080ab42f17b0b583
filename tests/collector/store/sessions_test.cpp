#include <gtest/gtest.h>

#include "tests/collector/store/events.hpp"

namespace collector::store {
namespace {

using model::DialectId;
using test::Fixture;
using test::kMinute;
using test::kNoon;

/// An event by a dialect that may send no session; `session` empty: sent none.
model::Event event(std::string id, std::int64_t minute, std::string session = "") {
    auto made = test::event(std::move(id), kNoon + minute * kMinute);
    made.dialect = DialectId::gateway;
    made.session_id = std::move(session);
    return made;
}

class SessionsTest : public testing::Test {
protected:
    /// The session that an event gets when it comes now.
    std::string session_at(std::int64_t minute) { return session_of(event("e" + std::to_string(++made_), minute)); }
    std::string session_of(const model::Event& one) {
        EXPECT_TRUE(store_->append({one}).ok());
        return store_.session_of(one.event_id);
    }
    Fixture store_;
    int made_ = 0;
};

TEST_F(SessionsTest, ThirtyMinutesAreTheSameSessionAndAMillisecondMoreIsNot) {
    const auto first = session_at(0);
    EXPECT_EQ(first.size(), 36u);
    EXPECT_EQ(session_at(30), first);
    auto late = event("late", 60);
    late.ts_ms += 1;
    EXPECT_NE(session_of(late), first);
    EXPECT_EQ(session_at(-30), first);  // time counts, not arrival
    EXPECT_NE(session_at(-61), first);
}

TEST_F(SessionsTest, OneAppendFindsItsOwnRows) {
    ASSERT_TRUE(store_->append({event("a", 0), event("b", 20), event("c", 40), event("d", 100)}).ok());
    EXPECT_EQ(store_.session_of("a"), store_.session_of("b"));
    EXPECT_EQ(store_.session_of("a"), store_.session_of("c"));
    EXPECT_NE(store_.session_of("a"), store_.session_of("d"));
}

TEST_F(SessionsTest, TheNearestWinsAndOfTwoTheEarlier) {
    const auto early = session_at(0);
    const auto late = session_at(50);
    ASSERT_NE(early, late);
    EXPECT_EQ(session_at(24), early);
    EXPECT_EQ(session_at(40), late);
    EXPECT_EQ(session_at(32), early);          // 8 minutes from either
    EXPECT_EQ(store_.session_of("e2"), late);  // nothing is reassigned when a row comes between
}

TEST_F(SessionsTest, ASentSessionIsUsedAsItIsAndFoundByItsRows) {
    EXPECT_EQ(session_of(event("x", 0, "mine")), "mine");
    EXPECT_EQ(session_of(event("y", 120, "mine")), "mine");
    EXPECT_EQ(session_at(10), "mine");
    EXPECT_EQ(session_at(150), "mine");
    // An hour from any row of it, though between two of them.
    EXPECT_NE(session_at(65), "mine");
}

TEST_F(SessionsTest, ALongSessionGoesOn) {
    const auto first = session_at(0);
    for (int minute = 20; minute <= 3 * 24 * 60; minute += 20) ASSERT_EQ(session_at(minute), first) << minute;
    EXPECT_EQ(session_at(1450), first);  // where one span ends and the next begins
    EXPECT_EQ(session_at(15), first);
    EXPECT_EQ(store_.text("SELECT max(last_ms - first_ms) <= 86400000 AND count(*) > 2 FROM session_spans"), "1");
}

TEST_F(SessionsTest, VisitorsAndProjectsShareNone) {
    const auto mine = session_at(0);
    auto other_visitor = event("ov", 0);
    other_visitor.visitor_id = "w";
    auto other_project = event("op", 0);
    other_project.project_id = "q";
    EXPECT_NE(session_of(other_visitor), mine);
    EXPECT_NE(session_of(other_project), mine);
    EXPECT_NE(store_.session_of("ov"), store_.session_of("op"));
}

TEST_F(SessionsTest, DialectsThatAlwaysSendASessionLeaveNoSpans) {
    auto sent = event("a", 0, "sent");
    sent.dialect = DialectId::productgraph;
    EXPECT_EQ(session_of(sent), "sent");
    EXPECT_EQ(store_.text("SELECT count(*) FROM session_spans"), "0");
    auto analytics = event("b", 0, "sent");
    analytics.dialect = DialectId::analytics;
    EXPECT_EQ(session_of(analytics), "sent");
    EXPECT_EQ(store_.text("SELECT count(*) FROM session_spans"), "1");
}

TEST_F(SessionsTest, DuplicatesExtendNothingAndRestartsForgetNothing) {
    const auto first = session_at(0);
    auto repeat = event("e1", 29);
    ASSERT_EQ(*store_->append({repeat}), std::vector<Stored>{Stored::duplicate});
    store_.reopen();
    EXPECT_NE(session_at(45), first);
    EXPECT_EQ(session_at(10), first);
}

TEST_F(SessionsTest, AnyInstantIsATime) {
    auto first = event("min", 0);
    first.ts_ms = INT64_MIN;
    auto last = event("max", 0);
    last.ts_ms = INT64_MAX;
    EXPECT_NE(session_of(first), session_of(last));
}

}  // namespace
}  // namespace collector::store
