// Campaigns: what the utm values of a session's first such pageview say.
#include <utility>

#include "query/conditions.hpp"
#include "query/days.hpp"
#include "query/filters.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Attribute;
using model::Column;
using model::Condition;
using model::Field;
using model::Kind;
using model::Measure;
using model::Order;
using model::Question;
using pulsekit::Result;

/// Sessions that have the value, by it.
Question by_value(const Context& context, const Params& params, Column column) {
    auto of = context.select(params, {visible()});
    of.filters.push_back({.of_session = campaign_value(column), .test = Condition::Test::present});
    return {
        .of = std::move(of),
        .unit = model::Unit::session,
        .attributes = {campaign_value(column)},
        .group_by = {Field::of_unit(0)},
        .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor, .where = {active()}, .of_rows = true},
                     {.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}, .of_rows = true}},
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page};
}

Result<Json> campaigns(const Context& context, const Params& params) {
    auto question = by_value(context, params, Column::utm_campaign);
    const auto interactions = Field::of_unit(1);
    const auto duration = Field::of_unit(2);
    question.attributes.push_back({.take = Attribute::Take::count, .where = {active(), interaction()}});
    question.attributes.push_back({.take = Attribute::Take::span});
    question.measures.push_back({.fold = Measure::Fold::count});
    question.measures.push_back({.fold = Measure::Fold::count, .where = {equals(interactions, std::int64_t{1})}});
    question.measures.push_back({.fold = Measure::Fold::sum, .field = duration});
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        const std::int64_t sessions = integer(row[3]);
        data.push_back({{"campaign", text(row[0])},
                        {"visitors", integer(row[1])},
                        {"pageviews", integer(row[2])},
                        {"bounce_rate", ratio(100 * integer(row[4]), sessions, 1)},
                        {"avg_duration", ratio(integer(row[5]), 1000 * sessions, 1)}});
    }
    return Json{{"data", std::move(data)}};
}

Result<Json> ranked(const Context& context, const Params& params, Column column, std::string_view member) {
    const auto answer = context.ask(by_value(context, params, column));
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        data.push_back({{member, text(row[0])}, {"visitors", integer(row[1])}, {"pageviews", integer(row[2])}});
    }
    return Json{{"data", std::move(data)}};
}

Result<Json> sources(const Context& context, const Params& params) {
    return ranked(context, params, Column::utm_source, "source");
}

Result<Json> mediums(const Context& context, const Params& params) {
    return ranked(context, params, Column::utm_medium, "medium");
}

Result<Json> timeseries(const Context& context, const Params& params) {
    const auto days = days_of(params.range);
    if (!days) return days.error();
    auto of = context.select(params, {visible()});
    of.filters.push_back({.of_session = campaign_value(Column::utm_source),
                          .test = Condition::Test::one_of,
                          .values = {params.text("utm_source")}});
    const auto answer =
        context.ask(Question{.of = std::move(of),
                             .counted = {active()},
                             .group_by = {Column::day},
                             .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor},
                                          {.fold = Measure::Fold::count, .where = {kind_is({Kind::pageview})}}},
                             .order = {{.by = Order::By::group, .index = 0, .descending = false}}});
    if (!answer) return answer.error();
    return Json{{"data", series(*days, *answer, [](const std::string& date, const auto* row) {
                     return Json{{"date", date},
                                 {"visitors", row ? integer((*row)[1]) : 0},
                                 {"pageviews", row ? integer((*row)[2]) : 0}};
                 })}};
}

constexpr CsvColumn kCsv[] = {{"campaign", CsvColumn::As::text},
                              {"visitors"},
                              {"pageviews"},
                              {"bounce_rate", CsvColumn::As::decimal},
                              {"avg_duration", CsvColumn::As::decimal}};

constexpr Parameter kUtmSource[] = {
    {.name = "utm_source", .summary = "The source whose sessions are counted", .required = true, .example = "google"}};

constexpr Takes kRanked{.range = true, .filters = true, .limit = 10, .offset = true};

}  // namespace

extern const Module kCampaigns = {.name = "campaigns",
                                  .path = "/api/v1/campaigns",
                                  .summary = "Campaigns by visitors, with bounces and durations",
                                  .gate = "utm",
                                  .takes = kRanked,
                                  .example = R"({"data":[{"campaign":"spring_sale","visitors":892,"pageviews":2341,
        "bounce_rate":38.2,"avg_duration":142.5}]})",
                                  .answer = campaigns,
                                  .csv = kCsv};

extern const Module kCampaignSources = {.name = "campaign_sources",
                                        .path = "/api/v1/campaigns/sources",
                                        .summary = "Campaign sources by visitors",
                                        .gate = "utm",
                                        .takes = kRanked,
                                        .example = R"({"data":[{"source":"google","visitors":1234,"pageviews":3456}]})",
                                        .answer = sources};

extern const Module kCampaignMediums = {.name = "campaign_mediums",
                                        .path = "/api/v1/campaigns/mediums",
                                        .summary = "Campaign mediums by visitors",
                                        .gate = "utm",
                                        .takes = kRanked,
                                        .example = R"({"data":[{"medium":"cpc","visitors":1102,"pageviews":2891}]})",
                                        .answer = mediums};

extern const Module kCampaignTimeseries = {
    .name = "campaign_timeseries",
    .path = "/api/v1/campaigns/timeseries",
    .summary = "Visitors and pageviews of one campaign source on each UTC day of a range",
    .gate = "utm",
    .takes = {.range = true, .filters = true, .own = kUtmSource},
    .example = R"({"data":[{"date":"2026-03-18","visitors":89,"pageviews":234}]})",
    .answer = timeseries};

}  // namespace collector::query
