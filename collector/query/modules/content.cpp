// What visitors searched for, how far they scrolled and which links led them away.
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Column;
using model::Kind;
using model::Measure;
using model::Order;
using model::Question;
using pulsekit::Result;

/// Rows of the kind by one of their columns: the most frequent value first, then by the value.
Question ranking(const Context& context, const Params& params, Kind kind, Column by) {
    return {
        .of = context.select(params, {visible()}),
        .counted = {kind_is({kind}), present(by)},
        .group_by = {by},
        .measures = {{.fold = Measure::Fold::count}},
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page};
}

/// A list of entry(row) for each row of the answer.
template <typename Entry>
Result<Json> listed(const Result<model::Answer>& answer, Entry entry) {
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) data.push_back(entry(row));
    return Json{{"data", std::move(data)}};
}

/// Searches that say how much they found are averaged; the others only count.
Result<Json> searches(const Context& context, const Params& params) {
    auto question = ranking(context, params, Kind::search_query, Column::query);
    const auto found = Column::results_count;
    question.measures.push_back({.fold = Measure::Fold::sum, .field = found});
    question.measures.push_back({.fold = Measure::Fold::present, .field = found});
    question.measures.push_back({.fold = Measure::Fold::count, .where = {equals(found, std::int64_t{0})}});
    return listed(context.ask(question), [](const auto& row) {
        return Json{{"query", text(row[0])},
                    {"count", integer(row[1])},
                    {"avg_results", ratio(integer(row[2]), integer(row[3]), 1)},
                    {"zero_results", integer(row[4])}};
    });
}

Result<Json> scroll_depth(const Context& context, const Params& params) {
    auto question = ranking(context, params, Kind::scroll_depth, Column::path);
    question.counted.push_back(present(Column::depth));
    question.measures.push_back({.fold = Measure::Fold::sum, .field = Column::depth});
    question.measures.push_back({.fold = Measure::Fold::greatest, .field = Column::depth});
    return listed(context.ask(question), [](const auto& row) {
        return Json{{"path", text(row[0])},
                    {"avg_depth", mean(real(row[2]), integer(row[1]), 1)},
                    {"max_depth", real(row[3])},
                    {"samples", integer(row[1])}};
    });
}

Result<Json> outlinks(const Context& context, const Params& params) {
    auto question = ranking(context, params, Kind::outlink, Column::link);
    question.measures.push_back({.fold = Measure::Fold::distinct, .field = Column::visitor});
    return listed(context.ask(question), [](const auto& row) {
        return Json{{"url", text(row[0])}, {"clicks", integer(row[1])}, {"visitors", integer(row[2])}};
    });
}

constexpr Takes kRanked{.range = true, .filters = true, .limit = 10, .offset = true};

}  // namespace

extern const Module kSearch = {
    .name = "search",
    .path = "/api/v1/search",
    .summary = "Site searches by count, with how much they found",
    .gate = "search",
    .takes = kRanked,
    .example = R"({"data":[{"query":"pricing plans","count":42,"avg_results":6.8,"zero_results":3}]})",
    .answer = searches};

extern const Module kScrollDepth = {
    .name = "scroll_depth",
    .path = "/api/v1/scroll-depth",
    .summary = "How far pages were scrolled, in percent",
    .gate = "scroll_depth",
    .takes = kRanked,
    .example = R"({"data":[{"path":"/pricing","avg_depth":62.4,"max_depth":100.0,"samples":318}]})",
    .answer = scroll_depth};

extern const Module kOutlinks = {
    .name = "outlinks",
    .path = "/api/v1/outlinks",
    .summary = "Links to other sites, by clicks",
    .key_module = "events",
    .takes = kRanked,
    .example = R"({"data":[{"url":"https://github.com/acme/widget","clicks":57,"visitors":49}]})",
    .answer = outlinks};

}  // namespace collector::query
