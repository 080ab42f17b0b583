// How fast pages load, answer and settle, as most visitors meet them.
#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "model/vitals.hpp"
#include "query/conditions.hpp"
#include "query/days.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Column;
using model::kVitals;
using model::Measure;
using model::Order;
using model::Question;
using model::Value;
using pulsekit::Result;

// In the order of model::kVitals.
constexpr std::string_view kNames[] = {"LCP", "FCP", "CLS", "INP", "TTFB"};
constexpr Column kColumns[] = {Column::lcp, Column::fcp, Column::cls, Column::inp, Column::ttfb};
static_assert(std::size(kVitals) == std::size(kColumns));
static_assert(std::equal(std::begin(kNames), std::end(kNames), std::begin(kVitals),
                         [](std::string_view name, const model::Vital& vital) { return name == vital.name; }));

constexpr double kTypical = 0.75;  // what a page is rated by

Measure quantile(Column column, double q) { return {.fold = Measure::Fold::quantile, .field = column, .q = q}; }

Json shown(Column column, const Value& value) {
    if (is_null(value)) return nullptr;
    return rounded(real(value), column == Column::cls ? 3 : 1);
}

Result<Json> vitals(const Context& context, const Params& params) {
    constexpr double kQuantiles[] = {0.5, kTypical, 0.99};
    Question question{.of = context.select(params, {visible()})};
    for (const auto column : kColumns) {
        for (const double q : kQuantiles) question.measures.push_back(quantile(column, q));
    }
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    auto rated = Json::object();
    const auto* values = answer->rows.front().data();
    for (std::size_t i = 0; i < std::size(kColumns); ++i, values += std::size(kQuantiles)) {
        if (is_null(values[0])) continue;
        rated[kVitals[i].name] = {{"p50", shown(kColumns[i], values[0])},
                                  {"p75", shown(kColumns[i], values[1])},
                                  {"p99", shown(kColumns[i], values[2])},
                                  {"rating", rating_of(kVitals[i], real(values[1]))}};
    }
    return Json{{"vitals", std::move(rated)}};
}

/// A page with how many vitals were measured on it.
struct Page {
    std::int64_t samples = 0;
    const std::vector<Value>* row = nullptr;  ///< its path, each vital's quantile, each vital's count
};

/// Most samples first. Ranked here: no one measure counts the samples of all vitals.
std::vector<Page> ranked(const model::Answer& answer) {
    std::vector<Page> pages;
    for (const auto& row : answer.rows) {
        Page page{.row = &row};
        for (std::size_t i = 0; i < std::size(kColumns); ++i) page.samples += integer(row[1 + std::size(kColumns) + i]);
        if (page.samples > 0) pages.push_back(page);
    }
    std::stable_sort(pages.begin(), pages.end(), [](const Page& a, const Page& b) { return a.samples > b.samples; });
    return pages;
}

Json page_json(const Page& page) {
    Json json{{"path", text((*page.row)[0])}};
    for (std::size_t i = 0; i < std::size(kColumns); ++i) {
        json[std::string(kVitals[i].name) + "_p75"] = shown(kColumns[i], (*page.row)[1 + i]);
    }
    json["samples"] = page.samples;
    return json;
}

Result<Json> pages(const Context& context, const Params& params) {
    Question question{.of = context.select(params, {visible()}),
                      .counted = {present(Column::path)},
                      .group_by = {Column::path},
                      .order = {{.by = Order::By::group, .index = 0, .descending = false}}};
    for (const auto column : kColumns) question.measures.push_back(quantile(column, kTypical));
    for (const auto column : kColumns) question.measures.push_back({.fold = Measure::Fold::present, .field = column});
    const auto answer = context.ask(question);
    if (!answer) return answer.error();
    const auto all = ranked(*answer);
    const auto count = static_cast<std::int64_t>(all.size());
    const auto first = std::min(params.page.offset, count);
    const auto last = first + std::min(params.page.limit, count - first);
    auto data = Json::array();
    for (auto i = first; i < last; ++i) data.push_back(page_json(all[static_cast<std::size_t>(i)]));
    return Json{{"data", std::move(data)}};
}

Result<Json> timeseries(const Context& context, const Params& params) {
    const auto metric = params.text("metric");
    const auto place = std::find(std::begin(kNames), std::end(kNames), metric) - std::begin(kNames);
    const auto column = kColumns[place];
    const auto answer = context.ask(Question{.of = context.select(params, {visible()}),
                                             .counted = {present(column)},
                                             .group_by = {Column::day},
                                             .measures = {quantile(column, kTypical)},
                                             .order = {{.by = Order::By::group, .index = 0, .descending = false}}});
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        data.push_back({{"date", date_of(integer(row[0]))}, {"p75", shown(column, row[1])}});
    }
    return Json{{"metric", metric}, {"data", std::move(data)}};
}

constexpr Parameter kMetric[] = {
    {.name = "metric", .summary = "The vital", .required = true, .one_of = kNames, .example = "LCP"}};

}  // namespace

extern const Module kWebVitals = {.name = "webvitals",
                                  .path = "/api/v1/webvitals",
                                  .summary = "Percentiles and ratings of the web vitals",
                                  .gate = "webvitals",
                                  .takes = {.range = true, .filters = true},
                                  .example = R"({"vitals":{"LCP":{"p50":1850.0,"p75":2340.0,"p99":4520.0,
        "rating":"good"}}})",
                                  .answer = vitals};

extern const Module kWebVitalsPages = {.name = "webvitals_pages",
                                       .path = "/api/v1/webvitals/pages",
                                       .summary = "Web vitals of each page, those with most samples first",
                                       .gate = "webvitals",
                                       .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
                                       .example = R"({"data":[{"path":"/","LCP_p75":2340.0,"FCP_p75":1420.0,
        "CLS_p75":0.08,"INP_p75":180.0,"TTFB_p75":620.0,"samples":4380}]})",
                                       .answer = pages};

extern const Module kWebVitalsTimeseries = {.name = "webvitals_timeseries",
                                            .path = "/api/v1/webvitals/timeseries",
                                            .summary = "One web vital on each UTC day that has samples of it",
                                            .gate = "webvitals",
                                            .takes = {.range = true, .filters = true, .own = kMetric},
                                            .example = R"({"metric":"LCP","data":[{"date":"2026-03-15",
        "p75":2410.0}]})",
                                            .answer = timeseries};

}  // namespace collector::query
