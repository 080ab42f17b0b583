// The headline numbers of a range beside those of the range before it, and their course by day.
#include <algorithm>
#include <utility>

#include "query/conditions.hpp"
#include "query/days.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"

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

/// A session lasts from its first row to its last, of any kind; only an active one counts.
Question totals(const Context& context, const Params& params) {
    enum : std::size_t { is_active, interactions, duration };
    const auto counts = equals(Field::of_unit(is_active), std::int64_t{1});
    const auto interacted_once = equals(Field::of_unit(interactions), std::int64_t{1});
    return {
        .of = context.select(params, {visible()}),
        .unit = model::Unit::session,
        .attributes = {{.take = Attribute::Take::any, .where = {active()}},
                       {.take = Attribute::Take::count, .where = {active(), interaction()}},
                       {.take = Attribute::Take::span}},
        .measures = {{.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}, .of_rows = true},
                     {.fold = Measure::Fold::distinct, .field = Column::visitor, .where = {active()}, .of_rows = true},
                     {.fold = Measure::Fold::count, .where = {counts}},
                     {.fold = Measure::Fold::count, .where = {interacted_once}},
                     {.fold = Measure::Fold::sum, .field = Field::of_unit(duration), .where = {counts}},
                     {.fold = Measure::Fold::count, .where = {kind_is({Kind::event})}, .of_rows = true}}};
}

Result<Json> period(const Context& context, const Params& params, const TimeRange& range) {
    Params of_period = params;
    of_period.range = range;
    const auto answer = context.ask(totals(context, of_period));
    if (!answer) return answer.error();
    const auto& row = answer->rows.front();
    const std::int64_t sessions = integer(row[2]);
    return Json{{"pageviews", integer(row[0])},
                {"visitors", integer(row[1])},
                {"sessions", sessions},
                {"bounce_rate", ratio(100 * integer(row[3]), sessions, 1)},
                {"avg_duration", ratio(integer(row[4]), 1000 * sessions, 1)},
                {"events", integer(row[5])}};
}

Result<Json> stats(const Context& context, const Params& params) {
    const auto& [from, to] = params.range;
    auto current = period(context, params, params.range);
    if (!current) return current;
    auto previous = period(context, params, {from - (to - from) - 1, from - 1});
    if (!previous) return previous;
    return Json{{"current", *std::move(current)}, {"previous", *std::move(previous)}};
}

Result<model::Answer> by_day(const Context& context, const Params& params) {
    return context.ask(Question{.of = context.select(params, {visible()}),
                                .counted = {active()},
                                .group_by = {Column::day},
                                .measures = {{.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}},
                                             {.fold = Measure::Fold::distinct, .field = Column::visitor},
                                             {.fold = Measure::Fold::distinct, .field = Column::session}},
                                .order = {{.by = Order::By::group, .index = 0, .descending = false}}});
}

Result<Json> timeseries(const Context& context, const Params& params) {
    const auto days = days_of(params.range);
    if (!days) return days.error();
    const auto answer = by_day(context, params);
    if (!answer) return answer.error();
    return Json{{"data", series(*days, *answer, [](const std::string& date, const auto* row) {
                     return Json{{"date", date},
                                 {"pageviews", row ? integer((*row)[1]) : 0},
                                 {"visitors", row ? integer((*row)[2]) : 0},
                                 {"sessions", row ? integer((*row)[3]) : 0}};
                 })}};
}

/// The numbers of each UTC day, cut by the range; those of a day without an active row are known without asking.
Result<Json> daily(const Context& context, const Params& params) {
    const auto days = days_of(params.range);
    if (!days) return days.error();
    const auto answer = by_day(context, params);
    if (!answer) return answer.error();
    auto rows = Json::array();
    auto active_day = answer->rows.begin();
    for (std::int64_t day = days->first; day <= days->last; ++day) {
        Json row{{"date", date_of(day)}};
        if (active_day != answer->rows.end() && integer((*active_day)[0]) == day) {
            ++active_day;
            const auto numbers = period(
                context, params,
                {std::max(params.range.from_ms, day * kDayMs), std::min(params.range.to_ms, (day + 1) * kDayMs - 1)});
            if (!numbers) return numbers.error();
            row.update(*numbers);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

constexpr CsvColumn kCsv[] = {{"date", CsvColumn::As::text},
                              {"pageviews"},
                              {"visitors"},
                              {"sessions"},
                              {"bounce_rate", CsvColumn::As::decimal},
                              {"avg_duration", CsvColumn::As::decimal},
                              {"events"}};

}  // namespace

extern const Module kStats = {
    .name = "stats",
    .path = "/api/v1/stats",
    .summary = "Pageviews, visitors, sessions, bounces and durations of a range and the one before",
    .key_module = "pageviews",
    .takes = {.range = true, .filters = true},
    .example = R"({"current":{"pageviews":12840,"visitors":3241,"sessions":4567,"bounce_rate":42.3,"avg_duration":185.4,
        "events":2891},"previous":{"pageviews":11203,"visitors":2890,"sessions":3921,"bounce_rate":45.1,
        "avg_duration":172.8,"events":2456}})",
    .answer = stats,
    .csv = kCsv,
    .csv_rows = daily};

extern const Module kTimeseries = {
    .name = "timeseries",
    .path = "/api/v1/stats/timeseries",
    .summary = "Pageviews, visitors and sessions of each UTC day of a range",
    .key_module = "pageviews",
    .takes = {.range = true, .filters = true},
    .example = R"({"data":[{"date":"2026-03-15","pageviews":1823,"visitors":487,"sessions":612}]})",
    .answer = timeseries};

}  // namespace collector::query
