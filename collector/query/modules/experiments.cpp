// What became of the visitors in each variant of an experiment.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/proportions.hpp"
#include "query/ratio.hpp"
#include "query/targets.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using meta::Aim;
using meta::Experiment;
using model::Column;
using model::Measure;
using model::Question;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

/// Of one variant.
struct Outcome {
    std::int64_t visitors = 0;
    std::int64_t conversions = 0;
    double revenue = 0;
};

Result<Experiment> experiment_of(const Context& context) {
    auto experiment = context.experiments.find(context.project.id, context.id);
    if (experiment || experiment.error().code != ErrorCode::not_found) return experiment;
    return Error{ErrorCode::not_found, "Experiment '" + context.id + "' not found."};
}

/// Nothing: the experiment has no goal, or one that is gone.
Result<std::optional<Aim>> aim_of(const Context& context, const Experiment& experiment) {
    if (experiment.goal_id.empty()) return std::optional<Aim>();
    auto goal = context.definitions.goal(context.project.id, experiment.goal_id);
    if (goal) return std::optional(std::move(goal->aim));
    if (goal.error().code == ErrorCode::not_found) return std::optional<Aim>();
    return std::move(goal).error();
}

std::vector<model::Member> members_of(std::vector<meta::Assignment> assignments) {
    std::vector<model::Member> members;
    members.reserve(assignments.size());
    for (auto& assignment : assignments) {
        members.push_back({.visitor = std::move(assignment.visitor_id),
                           .from_ms = assignment.assigned_ms,
                           .group = static_cast<std::uint32_t>(assignment.variant)});
    }
    return members;
}

// All questions are grouped by variant and measure the visitors; of an event, also the revenue.

/// Who has any row that the filters keep, before the assignment or after it.
Question of_visitors(model::Selection of) {
    for (auto& member : of.members) member.from_ms = of.range.from_ms;
    return {.of = std::move(of),
            .group_by = {Column::group},
            .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor}}};
}

Question of_rows(model::Selection of, const Aim& aim) {
    Question question{.of = std::move(of),
                      .counted = reaching(aim),
                      .group_by = {Column::group},
                      .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor}}};
    if (aim.type == Aim::Type::event) {
        question.measures.push_back({.fold = Measure::Fold::sum, .field = Column::revenue});
    }
    return question;
}

Question of_sessions(model::Selection of, const Aim& aim) {
    auto reached = sessions_reaching(aim);
    return {.of = std::move(of),
            .unit = model::Unit::session,
            .attributes = std::move(reached.attributes),
            .group_by = {Column::group},
            .measures = {{.fold = Measure::Fold::distinct,
                          .field = Column::visitor,
                          .where = std::move(reached.conditions),
                          .of_rows = true}}};
}

Result<std::vector<Outcome>> outcomes_of(const Context& context, const Experiment& experiment, Params params) {
    std::vector<Outcome> outcomes(experiment.variants.size());
    params.range.from_ms = std::max(params.range.from_ms, experiment.created_ms);  // before it nobody was assigned
    auto assignments = context.experiments.assignments(experiment, params.range.from_ms, params.range.to_ms);
    if (!assignments) return std::move(assignments).error();
    if (assignments->empty()) return outcomes;
    for (const auto& assignment : *assignments) ++outcomes[assignment.variant].visitors;
    const auto aim = aim_of(context, experiment);
    if (!aim) return aim.error();
    auto of = context.select(params, {visible()});
    of.members = members_of(*std::move(assignments));
    const auto outcome = [&](const std::vector<model::Value>& row) -> Outcome& {
        return outcomes[static_cast<std::size_t>(integer(row[0]))];
    };
    if (!of.filters.empty()) {
        const auto answer = context.ask(of_visitors(of));
        if (!answer) return answer.error();
        for (auto& one : outcomes) one.visitors = 0;
        for (const auto& row : answer->rows) outcome(row).visitors = integer(row[1]);
    }
    if (!*aim) return outcomes;
    const auto answer =
        context.ask(is_of_rows(**aim) ? of_rows(std::move(of), **aim) : of_sessions(std::move(of), **aim));
    if (!answer) return answer.error();
    for (const auto& row : answer->rows) {
        outcome(row).conversions = integer(row[1]);
        if (row.size() > 2) outcome(row).revenue = real(row[2]);
    }
    return outcomes;
}

Json outcome_json(const meta::Variant& variant, const Outcome& outcome) {
    return {{"variant", variant.name},
            {"visitors", outcome.visitors},
            {"conversions", outcome.conversions},
            {"conversion_rate", ratio(100 * outcome.conversions, outcome.visitors, 2)},
            {"revenue", rounded(outcome.revenue, 2)}};
}

/// Of what is no decimal to begin with, half away from zero; a half is one give or take what doubles make of it.
double nearest(double value, double scale) {
    constexpr double kHalfLacks = 1e-9;
    return std::round(value * scale + std::copysign(kHalfLacks, value)) / scale + 0.0;  // and never -0
}

/// In percentage points.
double points(double part) { return nearest(100 * part, 100); }

/// With the control, which is the first variant.
void add_comparison(const Outcome& outcome, const Outcome& control, Json& json) {
    const Proportion first{outcome.conversions, outcome.visitors};
    const Proportion second{control.conversions, control.visitors};
    const auto apart = difference(first, second);
    const auto interval = interval_of_difference(first, second);
    const auto p = p_value(first, second);
    json["difference"] = apart ? Json(points(*apart)) : Json();
    json["confidence_interval"] = interval ? Json::array({points(interval->low), points(interval->high)}) : Json();
    json["p_value"] = p ? Json(nearest(*p, 10'000)) : Json();
}

Result<Json> results(const Context& context, const Params& params) {
    const auto experiment = experiment_of(context);
    if (!experiment) return experiment.error();
    const auto outcomes = outcomes_of(context, *experiment, params);
    if (!outcomes) return outcomes.error();
    auto all = Json::array();
    for (std::size_t i = 0; i < outcomes->size(); ++i) {
        auto json = outcome_json(experiment->variants[i], (*outcomes)[i]);
        if (i > 0) add_comparison((*outcomes)[i], outcomes->front(), json);
        all.push_back(std::move(json));
    }
    return Json{{"experiment_id", experiment->id},
                {"name", experiment->name},
                {"status", meta::name_of(experiment->status)},
                {"results", std::move(all)}};
}

}  // namespace

extern const Module kExperiments = {
    .name = "experiments",
    .path = "/api/v1/experiments/{id}/results",
    .summary = "How many visitors of each variant reached the goal of an experiment, and whether that may be chance",
    .gate = "ab_testing",
    .takes = {.so_far = true, .filters = true},
    .example = R"({"experiment_id":"0195f4a1-7c00-7000-8000-000000000003","name":"CTA Button Color","status":"running",
        "results":[{"variant":"control_blue","visitors":1102,"conversions":34,"conversion_rate":3.09,"revenue":1632.66},
        {"variant":"variant_green","visitors":1067,"conversions":41,"conversion_rate":3.84,"revenue":1968.59,
        "difference":0.76,"confidence_interval":[-0.8,2.34],"p_value":0.3345}]})",
    .answer = results};

}  // namespace collector::query
