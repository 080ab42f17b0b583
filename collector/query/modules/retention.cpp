// Of the visitors who first came in a period, how many come back.
#include <string>
#include <utility>
#include <vector>

#include "query/conditions.hpp"
#include "query/days.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Column;
using pulsekit::Result;

const std::vector<int> kReturns = {1, 7, 14, 30, 60, 90};

Column cohort_of(std::string_view period) {
    if (period == "daily") return Column::day;
    return period == "monthly" ? Column::month : Column::week;
}

/// What nobody can know yet is null.
Json cohort_json(const std::vector<model::Value>& row, std::int64_t today) {
    const std::int64_t day = integer(row[0]);
    Json cohort{{"cohort", date_of(day)}, {"initial_visitors", integer(row[1])}};
    for (std::size_t i = 0; i < kReturns.size(); ++i) {
        auto& rate = cohort["D" + std::to_string(kReturns[i])];
        if (day + kReturns[i] <= today) rate = ratio(100 * integer(row[i + 2]), integer(row[1]), 1);
    }
    return cohort;
}

Result<Json> retention(const Context& context, const Params& params) {
    const auto period = params.text("period");
    const auto answer = context.ask(model::Retention{.of = context.select(params, {visible()}),
                                                     .active = {active()},
                                                     .cohort = cohort_of(period),
                                                     .days = kReturns});
    if (!answer) return answer.error();
    const auto today = day_of(context.now_ms);
    auto cohorts = Json::array();
    for (const auto& row : answer->rows) cohorts.push_back(cohort_json(row, today));
    return Json{{"period", period}, {"cohorts", std::move(cohorts)}};
}

constexpr std::string_view kPeriods[] = {"daily", "weekly", "monthly"};
constexpr Parameter kOwn[] = {{.name = "period",
                               .summary = "How long each cohort's first visits are gathered",
                               .one_of = kPeriods,
                               .otherwise = "weekly",
                               .example = "weekly"}};

}  // namespace

extern const Module kRetention = {
    .name = "retention",
    .path = "/api/v1/retention",
    .summary = "New visitors by period, and the shares that came back after days and months",
    .gate = "retention",
    .takes = {.range = true, .filters = true, .own = kOwn},
    .example = R"({"period":"weekly","cohorts":[{"cohort":"2026-02-02","initial_visitors":412,"D1":45.2,"D7":32.1,
        "D14":25.8,"D30":18.4,"D60":14.3,"D90":null}]})",
    .answer = retention};

}  // namespace collector::query
