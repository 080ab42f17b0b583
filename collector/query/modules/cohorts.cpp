// What the visitors of each week or month did in it, all together and on average.
#include <cstddef>
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
using model::Column;
using model::Kind;
using model::Measure;
using model::Order;
using model::Question;
using pulsekit::Result;

std::string digits(std::int64_t number, std::size_t width) {
    const auto text = std::to_string(number);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string month_text(std::int64_t first_day) {
    const auto date = pulsekit::civil_from_days(first_day);
    return digits(date.year, 4) + "-" + digits(date.month, 2);
}

/// ISO 8601: a week belongs to the year that has its Thursday.
std::string week_text(std::int64_t monday) {
    const std::int64_t thursday = monday + 3;
    const auto year = pulsekit::civil_from_days(thursday).year;
    return digits(year, 4) + "-W" + digits((thursday - pulsekit::days_from_civil(year, 1, 1)) / 7 + 1, 2);
}

Measure measure_of(std::string_view metric) {
    if (metric == "sessions") return {.fold = Measure::Fold::distinct, .field = Column::session};
    if (metric == "events") return {.fold = Measure::Fold::count, .where = {kind_is({Kind::event})}};
    if (metric == "revenue") {
        return {.fold = Measure::Fold::sum, .field = Column::revenue, .where = {kind_is({Kind::event})}};
    }
    return {.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}};
}

Json cohort_json(const std::vector<model::Value>& row, bool weekly, bool is_money) {
    const std::int64_t visitors = integer(row[1]);
    Json cohort{{"period", weekly ? week_text(integer(row[0])) : month_text(integer(row[0]))}, {"visitors", visitors}};
    if (is_money) {
        cohort["total"] = rounded(real(row[2]), 2);
        cohort["avg_per_visitor"] = mean(real(row[2]), visitors, 2);
    } else {
        cohort["total"] = integer(row[2]);
        cohort["avg_per_visitor"] = ratio(integer(row[2]), visitors, 2);
    }
    return cohort;
}

Result<Json> cohorts(const Context& context, const Params& params) {
    const auto group_by = params.text("group_by");
    const auto metric = params.text("metric");
    const bool weekly = group_by == "week";
    const auto answer = context.ask(
        Question{.of = context.select(params, {visible()}),
                 .counted = {active()},
                 .group_by = {weekly ? Column::week : Column::month},
                 .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor}, measure_of(metric)},
                 .order = {{.by = Order::By::group, .index = 0, .descending = false}}});
    if (!answer) return answer.error();
    auto list = Json::array();
    for (const auto& row : answer->rows) list.push_back(cohort_json(row, weekly, metric == "revenue"));
    return Json{{"group_by", group_by}, {"metric", metric}, {"cohorts", std::move(list)}};
}

constexpr std::string_view kPeriods[] = {"week", "month"};
constexpr std::string_view kMetrics[] = {"pageviews", "sessions", "events", "revenue"};
constexpr Parameter kOwn[] = {{.name = "group_by",
                               .summary = "How long a period is",
                               .one_of = kPeriods,
                               .otherwise = "week",
                               .example = "month"},
                              {.name = "metric",
                               .summary = "What is added up",
                               .one_of = kMetrics,
                               .otherwise = "pageviews",
                               .example = "sessions"}};

}  // namespace

extern const Module kCohorts = {
    .name = "cohorts",
    .path = "/api/v1/cohorts",
    .summary = "Active visitors of each week or month, and what they did on average",
    .gate = "cohorts",
    .takes = {.range = true, .filters = true, .own = kOwn},
    .example = R"({"group_by":"month","metric":"sessions","cohorts":[{"period":"2026-01","visitors":2890,"total":3921,
        "avg_per_visitor":1.36}]})",
    .answer = cohorts};

}  // namespace collector::query
