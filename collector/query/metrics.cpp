#include "query/metrics.hpp"

#include <algorithm>

#include "query/conditions.hpp"
#include "query/values.hpp"

namespace collector::query {

extern const Module kErrorsStats;
extern const Module kGoals;
extern const Module kHeatmapsStats;
extern const Module kSearch;
extern const Module kWebVitals;

namespace {

using http::Json;
using pulsekit::ErrorCode;
using pulsekit::Result;

template <const Module& report>
Result<Json> answer_of(const Context& context, const Params& params) {
    return report.answer(context, params);
}

/// Of all goals that the project has.
Result<Json> conversions(const Context& context, const Params& params) {
    const auto goals = context.definitions.goals(context.project.id);
    if (!goals) return goals.error();
    std::int64_t all = 0;
    for (const auto& goal : *goals) {
        Context of_goal = context;
        of_goal.id = goal.id;
        const auto stats = kGoals.answer(of_goal, params);
        if (!stats && stats.error().code == ErrorCode::not_found) continue;  // deleted meanwhile
        if (!stats) return stats;
        all += stats->at("conversions").get<std::int64_t>();
    }
    return Json{{"conversions", all}};
}

/// To all surveys.
Result<Json> responses(const Context& context, const Params& params) {
    const auto answer = context.ask(model::Question{.of = context.select(params, {visible()}),
                                                    .counted = {kind_is({model::Kind::survey_response})},
                                                    .measures = {{.fold = model::Measure::Fold::count}}});
    if (!answer) return answer.error();
    return Json{{"count", integer(answer->rows.front()[0])}};
}

constexpr Metric kMetrics[] = {
    {"pageviews", "pageviews", answer_of<kStats>, "current/pageviews"},
    {"pageviews", "visitors", answer_of<kStats>, "current/visitors"},
    {"pageviews", "sessions", answer_of<kStats>, "current/sessions"},
    {"pageviews", "bounce_rate", answer_of<kStats>, "current/bounce_rate"},
    {"events", "event_count", answer_of<kStats>, "current/events"},
    {"sessions", "sessions", answer_of<kStats>, "current/sessions"},
    {"sessions", "avg_duration", answer_of<kStats>, "current/avg_duration"},
    {"realtime", "active_visitors", answer_of<kRealtime>, "active_visitors"},
    {"goals", "conversions", conversions, "conversions"},
    {"webvitals", "lcp_p75", answer_of<kWebVitals>, "vitals/LCP/p75"},
    {"webvitals", "fcp_p75", answer_of<kWebVitals>, "vitals/FCP/p75"},
    {"webvitals", "cls_p75", answer_of<kWebVitals>, "vitals/CLS/p75"},
    {"webvitals", "inp_p75", answer_of<kWebVitals>, "vitals/INP/p75"},
    {"webvitals", "ttfb_p75", answer_of<kWebVitals>, "vitals/TTFB/p75"},
    {"error_tracking", "error_count", answer_of<kErrorsStats>, "total_errors"},
    {"error_tracking", "affected_sessions", answer_of<kErrorsStats>, "affected_sessions"},
    {"error_tracking", "error_rate", answer_of<kErrorsStats>, "error_rate"},
    {"heatmaps", "click_count", answer_of<kHeatmapsStats>, "data/*/total_clicks"},
    {"surveys", "response_count", responses, "count"},
    {"search", "query_count", answer_of<kSearch>, "data/*/count"},
};

std::optional<double> number_at(const Json& json, std::string_view place) {
    if (place.empty()) return json.is_number() ? std::optional(json.get<double>()) : std::nullopt;
    const auto slash = std::min(place.find('/'), place.size());
    const auto step = place.substr(0, slash);
    const auto rest = place.substr(std::min(slash + 1, place.size()));
    if (step == "*") {
        double sum = 0;
        for (const auto& item : json) sum += number_at(item, rest).value_or(0);
        return sum;
    }
    const auto member = json.find(step);
    return member == json.end() ? std::nullopt : number_at(*member, rest);
}

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

const Metric* metric_named(std::string_view module, std::string_view name) {
    const auto* found = std::find_if(std::begin(kMetrics), std::end(kMetrics), [&](const Metric& metric) {
        return metric.module == module && metric.name == name;
    });
    return found == std::end(kMetrics) ? nullptr : found;
}

Result<std::optional<double>> value_of(const Metric& metric, const Context& context, const model::TimeRange& range) {
    const auto report = metric.report(context, Params{.range = range, .page = {}, .filters = {}, .own = {}});
    if (!report) return report.error();
    return number_at(*report, metric.member);
}

}  // namespace collector::query
