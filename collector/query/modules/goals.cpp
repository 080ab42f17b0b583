// How often a goal is reached, and by what part of the visitors.
#include <cmath>
#include <cstddef>
#include <utility>

#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/targets.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using meta::Aim;
using model::Attribute;
using model::Column;
using model::Condition;
using model::Field;
using model::Kind;
using model::Measure;
using model::Question;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

Result<meta::Goal> goal_of(const Context& context) {
    auto goal = context.definitions.goal(context.project.id, context.id);
    if (goal || goal.error().code != ErrorCode::not_found) return goal;
    return Error{ErrorCode::not_found, "Goal '" + context.id + "' not found."};
}

// Both questions measure: conversions, their visitors, all visitors, the revenue.

Question of_rows(const Context& context, const Params& params, const Aim& aim) {
    const bool is_event = aim.type == Aim::Type::event;
    const auto reached = is_event ? happened(aim.target) : viewed(aim.target);
    Question question{.of = context.select(params, {visible()}),
                      .counted = {active()},
                      .measures = {{.fold = Measure::Fold::count, .where = reached},
                                   {.fold = Measure::Fold::distinct, .field = Column::visitor, .where = reached},
                                   {.fold = Measure::Fold::distinct, .field = Column::visitor}}};
    if (is_event) {
        question.measures.push_back({.fold = Measure::Fold::sum, .field = Column::revenue, .where = reached});
    }
    return question;
}

/// The least whole number that is no less than the threshold, which is compared with milliseconds or pages.
std::int64_t at_least(double threshold) {
    constexpr double kLargest = 9e18;
    // A decimal such as 0.003 s is no more than its 3 ms, whatever a double makes of it.
    const double nearest = std::round(threshold);
    const double whole = std::abs(threshold - nearest) < 1e-6 ? nearest : std::ceil(threshold);
    return whole < kLargest ? static_cast<std::int64_t>(whole) : static_cast<std::int64_t>(kLargest);
}

/// A session reaches the goal by how long it lasts or by its pageviews; only an active one counts.
Question of_sessions(const Context& context, const Params& params, const Aim& aim) {
    enum : std::size_t { is_active, size };
    const bool by_duration = aim.type == Aim::Type::duration;
    Attribute how_large{.take = Attribute::Take::span};
    if (!by_duration) how_large = {.take = Attribute::Take::count, .where = {kind_is({Kind::pageview})}};
    const Condition counts = equals(Field::of_unit(is_active), std::int64_t{1});
    const Condition large{.field = Field::of_unit(size),
                          .test = Condition::Test::at_least,
                          .values = {at_least(by_duration ? aim.threshold * 1000 : aim.threshold)}};
    return {
        .of = context.select(params, {visible()}),
        .unit = model::Unit::session,
        .attributes = {{.take = Attribute::Take::any, .where = {active()}}, std::move(how_large)},
        .measures = {
            {.fold = Measure::Fold::count, .where = {counts, large}},
            {.fold = Measure::Fold::distinct, .field = Column::visitor, .where = {active(), large}, .of_rows = true},
            {.fold = Measure::Fold::distinct, .field = Column::visitor, .where = {active()}, .of_rows = true}}};
}

Result<Json> stats(const Context& context, const Params& params) {
    const auto goal = goal_of(context);
    if (!goal) return goal.error();
    const bool by_rows = goal->aim.type == Aim::Type::pageview || goal->aim.type == Aim::Type::event;
    const auto answer =
        context.ask(by_rows ? of_rows(context, params, goal->aim) : of_sessions(context, params, goal->aim));
    if (!answer) return answer.error();
    const auto& row = answer->rows.front();
    return Json{{"goal_id", goal->id},
                {"name", goal->name},
                {"conversions", integer(row[0])},
                {"unique_visitors", integer(row[1])},
                {"total_revenue", row.size() > 3 ? rounded(real(row[3]), 2) : 0},
                {"conversion_rate", ratio(100 * integer(row[1]), integer(row[2]), 2)}};
}

}  // namespace

extern const Module kGoals = {
    .name = "goals",
    .path = "/api/v1/goals/{id}/stats",
    .summary = "How often a goal was reached, by how many visitors, and what it brought",
    .gate = "goals",
    .takes = {.range = true, .filters = true},
    .example = R"({"goal_id":"0195f4a1-7c00-7000-8000-000000000002","name":"Purchase","conversions":89,
        "unique_visitors":84,"total_revenue":8811.0,"conversion_rate":2.59})",
    .answer = stats};

}  // namespace collector::query
