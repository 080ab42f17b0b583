#include <gtest/gtest.h>

#include "tests/collector/store/events.hpp"

namespace collector::store {
namespace {

using model::Answer;
using model::Column;
using model::Condition;
using model::Field;
using model::Measure;
using model::Order;
using model::Question;
using model::Value;
using test::event;
using test::Fixture;
using test::kNoon;
using Rows = std::vector<std::vector<Value>>;

Value number(std::int64_t value) { return value; }
Condition is(Column column, std::vector<Value> values) {
    return {.field = column, .test = Condition::Test::one_of, .values = std::move(values)};
}

class AskTest : public testing::Test {
protected:
    AskTest() {
        int made = 0;
        for (const char* name : {"b", "a", "\xc3\xa9", "Z", "a"}) {
            ++made;
            auto one = event(std::to_string(made), kNoon + made);
            one.name = name;
            one.visitor_id = made % 2 ? "odd" : "even";
            if (made < 3) one.path = "/x";
            events_.push_back(std::move(one));
        }
        EXPECT_TRUE(store_->append(events_).ok());
    }
    Answer ask(const Question& question) {
        auto answer = store_->ask(question);
        EXPECT_TRUE(answer.ok()) << answer.error().message;
        return answer ? std::move(*answer) : Answer{};
    }
    static Question by_name() {
        return {.of = {.project_id = "p", .range = {kNoon, kNoon + 1000}},
                .group_by = {Column::name},
                .measures = {{.fold = Measure::Fold::count}},
                .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .descending = false}}};
    }
    Fixture store_;
    std::vector<model::Event> events_;
};

TEST_F(AskTest, TiesGoByTheBytesOfTheText) {
    const auto answer = ask(by_name());
    const Rows expected = {{"a", number(2)}, {"Z", number(1)}, {"b", number(1)}, {"\xc3\xa9", number(1)}};
    EXPECT_EQ(answer.rows, expected);
    EXPECT_EQ(answer.total, 4);
}

TEST_F(AskTest, CrawlersAreStoredAndNotSeen) {
    const auto before = ask(by_name()).rows;
    auto crawler = event("crawler", kNoon + 6);
    crawler.name = "a";
    crawler.bot = true;
    ASSERT_TRUE(store_->append({crawler}).ok());
    EXPECT_EQ(ask(by_name()).rows, before);
    EXPECT_EQ(store_.text("SELECT bot FROM events WHERE event_id = 'crawler'"), "1");
    EXPECT_EQ(store_.text("SELECT count(*) FROM events WHERE bot"), "1");
    EXPECT_EQ(*store_->append({crawler}), std::vector{Stored::duplicate});
}

TEST_F(AskTest, APageKnowsTheTotal) {
    auto question = by_name();
    for (const auto& [limit, offset, size] : std::vector<std::tuple<int, int, std::size_t>>{
             {2, 0, 2}, {2, 2, 2}, {2, 3, 1}, {2, 4, 0}, {9, 9, 0}, {0, 0, 0}, {-1, 1, 3}}) {
        question.page = {limit, offset};
        const auto answer = ask(question);
        EXPECT_EQ(answer.rows.size(), size) << limit << ' ' << offset;
        EXPECT_EQ(answer.total, 4) << limit << ' ' << offset;
    }
}

TEST_F(AskTest, RangesAreClosed) {
    auto question = test::count_of();
    question.of.range = {kNoon + 2, kNoon + 4};
    EXPECT_EQ(ask(question).rows, (Rows{{number(3)}}));
    question.of.range = {kNoon + 2, kNoon + 2};
    EXPECT_EQ(ask(question).rows, (Rows{{number(1)}}));
    question.of.range = {kNoon + 3, kNoon + 2};
    EXPECT_EQ(ask(question).rows, (Rows{{number(0)}}));
}

TEST_F(AskTest, ConditionsOnTexts) {
    auto question = test::count_of();
    question.of.seen = {is(Column::name, {"a", "Z", "never seen"})};
    EXPECT_EQ(ask(question).rows, (Rows{{number(3)}}));
    question.of.seen = {is(Column::name, {"a' OR '1'='1"})};
    EXPECT_EQ(ask(question).rows, (Rows{{number(0)}}));
    question.of.seen = {{.field = Column::path, .test = Condition::Test::present, .values = {}}};
    EXPECT_EQ(ask(question).rows, (Rows{{number(2)}}));
    question.of.seen = {is(Column::visitor, {"odd"}),
                        {.field = Column::path, .test = Condition::Test::present, .values = {}}};
    EXPECT_EQ(ask(question).rows, (Rows{{number(1)}}));
}

TEST_F(AskTest, AbsentTextIsANullGroup) {
    auto question = by_name();
    question.group_by = {Column::path};
    question.measures.push_back({.fold = Measure::Fold::distinct, .field = Column::visitor});
    const Rows expected = {{std::monostate(), number(3), number(2)}, {"/x", number(2), number(2)}};
    EXPECT_EQ(ask(question).rows, expected);
}

TEST_F(AskTest, AnEmptyQuestionIsOneGroupOfZeros) {
    auto question = test::count_of("nobody");
    question.measures.push_back({.fold = Measure::Fold::sum, .field = Column::next_gap});
    question.measures.push_back({.fold = Measure::Fold::present, .field = Column::next_gap});
    EXPECT_EQ(ask(question).rows, (Rows{{number(0), number(0), number(0)}}));
}

TEST_F(AskTest, NextGapLooksAtWhatTheQuestionSees) {
    Question question = {.of = {.project_id = "p", .range = {kNoon, kNoon + 4}},
                         .counted = {is(Column::name, {"a"})},
                         .measures = {{.fold = Measure::Fold::sum, .field = Column::next_gap}}};
    EXPECT_EQ(ask(question).rows, (Rows{{number(1)}}));
    question.of.seen = {is(Column::name, {"a", "Z"})};
    EXPECT_EQ(ask(question).rows, (Rows{{number(2)}}));
    question.of.range.to_ms = kNoon + 3;
    EXPECT_EQ(ask(question).rows, (Rows{{number(0)}}));
}

TEST_F(AskTest, RowsOfOneInstantGoByTheBytesOfTheirIds) {
    auto first = event("x9", kNoon + 50);
    auto second = event("xa", kNoon + 50);
    auto after = event("y", kNoon + 60);
    first.session_id = second.session_id = after.session_id = "t";
    first.name = "first";
    second.name = "second";
    ASSERT_TRUE(store_->append({after, second, first}).ok());
    auto question = by_name();
    question.of.seen = {is(Column::session, {"t"})};
    question.measures = {{.fold = Measure::Fold::sum, .field = Column::next_gap}};
    const Rows expected = {{"second", number(10)}, {"click", number(0)}, {"first", number(0)}};
    EXPECT_EQ(ask(question).rows, expected);
}

TEST_F(AskTest, AQuestionThatContradictsItselfIsRefused) {
    auto bad_order = by_name();
    bad_order.order = {{.by = Order::By::measure, .index = 7}};
    auto bad_attribute = by_name();
    bad_attribute.unit = model::Unit::session;
    bad_attribute.group_by = {Field::of_unit(0)};
    auto row_of_a_session = by_name();
    row_of_a_session.unit = model::Unit::session;
    auto nothing = by_name();
    nothing.group_by = {};
    nothing.measures = {};
    nothing.order = {};
    auto circular = by_name();
    circular.of.seen = {{.field = Column::next_gap, .test = Condition::Test::present, .values = {}}};
    for (const auto& question : {bad_order, bad_attribute, row_of_a_session, nothing, circular}) {
        const auto answer = store_->ask(question);
        ASSERT_FALSE(answer.ok());
        EXPECT_EQ(answer.error().code, pulsekit::ErrorCode::invalid);
    }
}

model::Question by_group(std::vector<model::Member> members) {
    return {.of = {.project_id = "p", .range = {kNoon, kNoon + 1000}, .members = std::move(members)},
            .group_by = {Column::group},
            .measures = {{.fold = Measure::Fold::count},
                         {.fold = Measure::Fold::distinct, .field = Column::visitor},
                         {.fold = Measure::Fold::least, .field = Column::time}},
            .order = {{.by = Order::By::group, .descending = false}}};
}

TEST_F(AskTest, MembersHaveTheRowsFromAnInstantOn) {
    const Rows all = {{number(0), number(3), number(1), number(kNoon + 1)},
                      {number(2), number(2), number(1), number(kNoon + 2)}};
    EXPECT_EQ(ask(by_group({{"odd", 0, 0}, {"even", kNoon, 2}, {"nobody", 0, 7}})).rows, all);
    const Rows some = {{number(0), number(2), number(1), number(kNoon + 3)},
                       {number(1), number(1), number(1), number(kNoon + 4)}};
    EXPECT_EQ(ask(by_group({{"odd", kNoon + 2, 0}, {"even", kNoon + 4, 1}})).rows, some);
    EXPECT_EQ(ask(by_group({{"even", kNoon + 5, 0}})).rows, Rows());
    EXPECT_EQ(ask(by_group({{"nobody", 0, 0}})).rows, Rows());
    auto question = test::count_of();
    question.of = by_group({{"odd", 0, 0}}).of;
    EXPECT_EQ(ask(question).rows, (Rows{{number(3)}}));
    question.counted = {is(Column::group, {number(1)})};
    EXPECT_EQ(ask(question).rows, (Rows{{number(0)}}));
}

/// One visitor's in between the other's: each has a session of its own.
TEST_F(AskTest, ASessionOfSeveralMembersIsAsMany) {
    std::vector<model::Event> events;
    for (const auto& [visitor, ms] :
         std::vector<std::pair<const char*, int>>{{"x", 0}, {"y", 10}, {"x", 30}, {"z", 40}, {"y", 90}}) {
        auto one = event("shared-" + std::to_string(ms), kNoon + 500 + ms);
        one.visitor_id = visitor;
        one.session_id = "shared";
        events.push_back(std::move(one));
    }
    ASSERT_TRUE(store_->append(events).ok());
    auto question = by_group({{"x", 0, 0}, {"y", 0, 1}});
    question.unit = model::Unit::session;
    question.attributes = {{.take = model::Attribute::Take::span}, {.take = model::Attribute::Take::count}};
    question.group_by.clear();
    question.order.clear();
    question.measures = {{.fold = Measure::Fold::count},
                         {.fold = Measure::Fold::least, .field = Field::of_unit(0)},
                         {.fold = Measure::Fold::greatest, .field = Field::of_unit(0)},
                         {.fold = Measure::Fold::sum, .field = Field::of_unit(1)}};
    EXPECT_EQ(ask(question).rows, (Rows{{number(2), number(30), number(80), number(4)}}));
    question.of.members = {{"y", kNoon + 511, 0}, {"z", 0, 0}};
    EXPECT_EQ(ask(question).rows, (Rows{{number(2), number(0), number(0), number(2)}}));
}

TEST_F(AskTest, WhatCannotBeAskedOfMembersIsInvalid) {
    const auto code_of = [&](const Question& question) {
        const auto answer = store_->ask(question);
        return answer ? pulsekit::ErrorCode::internal : answer.error().code;
    };
    EXPECT_EQ(code_of(by_group({})), pulsekit::ErrorCode::invalid);
    EXPECT_EQ(code_of(by_group({{"odd", 0, 0}, {"odd", 1, 1}})), pulsekit::ErrorCode::invalid);
    auto question = by_group({{"odd", 0, 0}});
    question.measures = {{.fold = Measure::Fold::distinct, .field = Column::session}};
    EXPECT_EQ(code_of(question), pulsekit::ErrorCode::invalid);
    question = test::count_of();
    question.counted = {is(Column::group, {number(0)})};
    EXPECT_EQ(code_of(question), pulsekit::ErrorCode::invalid);
}

}  // namespace
}  // namespace collector::store
