// The headline numbers of a range beside those of the range before it, and their course by day.
#include <string>
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Attribute;
using model::Column;
using model::Field;
using model::Kind;
using model::Measure;
using model::Order;
using model::Question;
using model::TimeRange;
using pulsekit::Result;

constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kMaxDays = 36'600;  // a hundred years: every day of the range is a row of the answer

Question totals_question(const Context& context, const TimeRange& range) {
    return {.project_id = context.project_id,
            .range = range,
            .counted = {active()},
            .measures = {{.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}},
                         {.fold = Measure::Fold::count, .where = {kind_is({Kind::event})}},
                         {.fold = Measure::Fold::distinct, .field = Column::visitor},
                         {.fold = Measure::Fold::distinct, .field = Column::session}}};
}

/// A session lasts from its first row to its last, of any kind; only an active one counts.
Question sessions_question(const Context& context, const TimeRange& range) {
    enum : std::size_t { is_active, interactions, duration };
    const model::Condition counts{.field = Field::of_unit(is_active), .any_of = {std::int64_t{1}}};
    const model::Condition interacted_once{.field = Field::of_unit(interactions), .any_of = {std::int64_t{1}}};
    return {.project_id = context.project_id,
            .range = range,
            .counted = {visible()},
            .unit = model::Unit::session,
            .attributes = {{.take = Attribute::Take::any, .where = {active()}},
                           {.take = Attribute::Take::count, .where = {active(), interaction()}},
                           {.take = Attribute::Take::span}},
            .measures = {{.fold = Measure::Fold::count, .where = {counts}},
                         {.fold = Measure::Fold::count, .where = {interacted_once}},
                         {.fold = Measure::Fold::sum, .field = Field::of_unit(duration), .where = {counts}}}};
}

Result<Json> period(const Context& context, const TimeRange& range) {
    const auto totals = context.store.ask(totals_question(context, range));
    if (!totals) return totals.error();
    const auto folded = context.store.ask(sessions_question(context, range));
    if (!folded) return folded.error();
    const auto& counts = totals->rows.front();
    const std::int64_t sessions = integer(folded->rows.front()[0]);
    const std::int64_t bounces = integer(folded->rows.front()[1]);
    const std::int64_t duration_ms = integer(folded->rows.front()[2]);
    return Json{{"pageviews", integer(counts[0])},
                {"visitors", integer(counts[2])},
                {"sessions", integer(counts[3])},
                {"bounce_rate", ratio(100 * bounces, sessions, 1)},
                {"avg_duration", ratio(duration_ms, 1000 * sessions, 1)},
                {"events", integer(counts[1])}};
}

Result<Json> stats(const Context& context, const Params& params) {
    const auto& [from, to] = params.range;
    auto current = period(context, params.range);
    if (!current) return current;
    auto previous = period(context, {from - (to - from) - 1, from - 1});
    if (!previous) return previous;
    return Json{{"current", std::move(*current)}, {"previous", std::move(*previous)}};
}

/// Days since 1970, rounded down also before it.
std::int64_t day_of(std::int64_t ts_ms) { return ts_ms / kDayMs - (ts_ms % kDayMs < 0 ? 1 : 0); }

Result<Json> timeseries(const Context& context, const Params& params) {
    const std::int64_t first = day_of(params.range.from_ms);
    const std::int64_t last = day_of(params.range.to_ms);
    if (last - first >= kMaxDays) {
        return bad_value("start_at", "the range must not exceed " + std::to_string(kMaxDays) + " days");
    }
    const auto answer =
        context.store.ask({.project_id = context.project_id,
                           .range = params.range,
                           .counted = {active()},
                           .group_by = {Column::day},
                           .measures = {{.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}},
                                        {.fold = Measure::Fold::distinct, .field = Column::visitor},
                                        {.fold = Measure::Fold::distinct, .field = Column::session}},
                           .order = {{.by = Order::By::group, .index = 0, .descending = false}}});
    if (!answer) return answer.error();
    auto data = Json::array();
    auto row = answer->rows.begin();
    for (std::int64_t day = first; day <= last; ++day) {
        const bool any = row != answer->rows.end() && integer((*row)[0]) == day;
        data.push_back({{"date", pulsekit::date_text(day * kDayMs)},
                        {"pageviews", any ? integer((*row)[1]) : 0},
                        {"visitors", any ? integer((*row)[2]) : 0},
                        {"sessions", any ? integer((*row)[3]) : 0}});
        if (any) ++row;
    }
    return Json{{"data", std::move(data)}};
}

}  // namespace

extern const Module kStats = {
    .name = "stats",
    .path = "/api/v1/stats",
    .summary = "Pageviews, visitors, sessions, bounces and durations of a range and the one before",
    .key_module = "pageviews",
    .takes = {.range = true},
    .answer = stats};

extern const Module kTimeseries = {.name = "timeseries",
                                   .path = "/api/v1/stats/timeseries",
                                   .summary = "Pageviews, visitors and sessions of each UTC day of a range",
                                   .key_module = "pageviews",
                                   .takes = {.range = true},
                                   .answer = timeseries};

}  // namespace collector::query
