// Where on a page visitors click: any row with a click's place, whatever its kind.
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Column;
using model::Measure;
using model::Order;
using model::Question;
using pulsekit::Result;

const model::Where kClick = {present(Column::click_x), present(Column::click_y)};

Order ascending(std::size_t group) { return {.by = Order::By::group, .index = group, .descending = false}; }

Question clicks_on(const Context& context, const Params& params) {
    Question question{.of = context.select(params, {visible()}),
                      .counted = kClick,
                      .measures = {{.fold = Measure::Fold::count}},
                      .order = {{.by = Order::By::measure, .index = 0}}};
    question.counted.push_back(equals(Column::path, params.text("path")));
    return question;
}

Result<Json> places(const Context& context, const Params& params) {
    auto question = clicks_on(context, params);
    question.group_by = {Column::click_x, Column::click_y, Column::selector};
    question.order.insert(question.order.end(), {ascending(0), ascending(1), ascending(2)});
    question.page = params.page;
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    auto clicks = Json::array();
    for (const auto& row : answer->rows) {
        clicks.push_back({{"x", number(real(row[0]))},
                          {"y", number(real(row[1]))},
                          {"selector", json(row[2])},
                          {"count", integer(row[3])}});
    }
    return clicks;
}

/// All clicks, those beyond the limit too, and the most frequent width of where they were made.
Result<Json> heatmap(const Context& context, const Params& params) {
    auto clicks = places(context, params);
    if (!clicks) return clicks;
    auto question = clicks_on(context, params);
    question.group_by = {Column::viewport_width};
    question.order.push_back(ascending(0));
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    std::int64_t total = 0;
    Json width;
    for (const auto& row : answer->rows) {
        total += integer(row[1]);
        if (width.is_null()) width = json(row[0]);
    }
    return Json{{"path", params.text("path")},
                {"clicks", *std::move(clicks)},
                {"total_clicks", total},
                {"viewport_width", std::move(width)}};
}

Result<Json> stats(const Context& context, const Params& params) {
    Question question{.of = context.select(params, {visible()}),
                      .counted = kClick,
                      .group_by = {Column::path},
                      .measures = {{.fold = Measure::Fold::count}},
                      .order = {{.by = Order::By::measure, .index = 0}, ascending(0)},
                      .page = params.page};
    question.counted.push_back(present(Column::path));
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) data.push_back({{"path", text(row[0])}, {"total_clicks", integer(row[1])}});
    return Json{{"data", std::move(data)}};
}

constexpr Parameter kPath[] = {{.name = "path", .summary = "The page", .required = true, .example = "/pricing"}};

}  // namespace

extern const Module kHeatmaps = {
    .name = "heatmaps",
    .path = "/api/v1/heatmaps",
    .summary = "Clicks on a page, by place and element",
    .gate = "heatmaps",
    .takes = {.range = true, .filters = true, .limit = 1000, .own = kPath},
    .example = R"({"path":"/pricing","clicks":[{"x":450,"y":320,"selector":"button.cta-primary","count":234}],
        "total_clicks":892,"viewport_width":1440})",
    .answer = heatmap};

extern const Module kHeatmapsStats = {.name = "heatmaps_stats",
                                      .path = "/api/v1/heatmaps/stats",
                                      .summary = "Pages by clicks",
                                      .gate = "heatmaps",
                                      .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
                                      .example = R"({"data":[{"path":"/pricing","total_clicks":892}]})",
                                      .alias = "/api/v1/heatmaps/pages",
                                      .answer = stats};

}  // namespace collector::query
