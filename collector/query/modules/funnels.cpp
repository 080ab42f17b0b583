// How many visitors take the steps of a funnel, one after the other.
#include <cstddef>
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/targets.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using meta::FunnelStep;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

Result<meta::Funnel> funnel_of(const Context& context) {
    auto funnel = context.definitions.funnel(context.project.id, context.id);
    if (funnel || funnel.error().code != ErrorCode::not_found) return funnel;
    return Error{ErrorCode::not_found, "Funnel '" + context.id + "' not found."};
}

/// A step is compared with the one before it; the first is all there is.
Json step_json(const FunnelStep& step, std::int64_t visitors, std::int64_t before) {
    return {{"label", step.label},
            {"visitors", visitors},
            {"drop_off", before - visitors},
            {"conversion_rate", ratio(100 * visitors, before, 1)}};
}

Result<Json> analyze(const Context& context, const Params& params) {
    const auto funnel = funnel_of(context);
    if (!funnel) return funnel.error();
    model::Funnel question{.of = context.select(params, {visible()})};
    for (const auto& step : funnel->steps) {
        question.steps.push_back(step.type == FunnelStep::Type::pageview ? viewed(step.value) : happened(step.value));
    }
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    const auto visitors = [&](std::size_t step) { return integer(answer->rows[step][0]); };
    auto steps = Json::array();
    for (std::size_t i = 0; i < funnel->steps.size(); ++i) {
        steps.push_back(step_json(funnel->steps[i], visitors(i), visitors(i > 0 ? i - 1 : 0)));
    }
    return Json{{"funnel_id", funnel->id},
                {"name", funnel->name},
                {"steps", std::move(steps)},
                {"overall_conversion", ratio(100 * visitors(funnel->steps.size() - 1), visitors(0), 1)}};
}

}  // namespace

extern const Module kFunnels = {
    .name = "funnels",
    .path = "/api/v1/funnels/{id}/analyze",
    .summary = "Visitors at each step of a funnel, and how many went on",
    .gate = "funnels",
    .takes = {.range = true, .filters = true},
    .example = R"({"funnel_id":"0195f4a1-7c00-7000-8000-000000000001","name":"Signup Flow","steps":[
        {"label":"Homepage","visitors":3241,"drop_off":0,"conversion_rate":100.0},
        {"label":"Pricing","visitors":1820,"drop_off":1421,"conversion_rate":56.2}],"overall_conversion":56.2})",
    .answer = analyze};

}  // namespace collector::query
