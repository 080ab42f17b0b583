// How often a goal is reached, and by what part of the visitors.
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/targets.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using meta::Aim;
using model::Column;
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
    const auto reached = reaching(aim);
    Question question{.of = context.select(params, {visible()}),
                      .counted = {active()},
                      .measures = {{.fold = Measure::Fold::count, .where = reached},
                                   {.fold = Measure::Fold::distinct, .field = Column::visitor, .where = reached},
                                   {.fold = Measure::Fold::distinct, .field = Column::visitor}}};
    if (aim.type == Aim::Type::event) {
        question.measures.push_back({.fold = Measure::Fold::sum, .field = Column::revenue, .where = reached});
    }
    return question;
}

Question of_sessions(const Context& context, const Params& params, const Aim& aim) {
    auto reached = sessions_reaching(aim);
    auto active_rows = reached.conditions;
    active_rows.push_back(active());
    return {.of = context.select(params, {visible()}),
            .unit = model::Unit::session,
            .attributes = std::move(reached.attributes),
            .measures = {
                {.fold = Measure::Fold::count, .where = std::move(reached.conditions)},
                {.fold = Measure::Fold::distinct,
                 .field = Column::visitor,
                 .where = std::move(active_rows),
                 .of_rows = true},
                {.fold = Measure::Fold::distinct, .field = Column::visitor, .where = {active()}, .of_rows = true}}};
}

Result<Json> stats(const Context& context, const Params& params) {
    const auto goal = goal_of(context);
    if (!goal) return goal.error();
    const auto answer = context.ask(is_of_rows(goal->aim) ? of_rows(context, params, goal->aim)
                                                          : of_sessions(context, params, goal->aim));
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
