// The most viewed pages.
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

/// A page is left when the next row of its session comes, of whatever kind; the last pageview of a session, that
/// nothing follows, has no known duration. A pageview without a path belongs to no page.
Result<Json> pages(const Context& context, const Params& params) {
    const auto answer = context.ask(Question{
        .of = context.select(params, {visible()}),
        .counted = {kind_is({Kind::pageview}), present(Column::path)},
        .group_by = {Column::path},
        .measures = {{.fold = Measure::Fold::count},
                     {.fold = Measure::Fold::distinct, .field = Column::visitor},
                     {.fold = Measure::Fold::sum, .field = Column::next_gap},
                     {.fold = Measure::Fold::present, .field = Column::next_gap}},
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page});
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        data.push_back({{"path", text(row[0])},
                        {"views", integer(row[1])},
                        {"unique_views", integer(row[2])},
                        {"avg_duration", ratio(integer(row[3]), 1000 * integer(row[4]), 1)}});
    }
    return Json{{"data", std::move(data)}, {"total", answer->total}};
}

constexpr CsvColumn kCsv[] = {
    {"path", CsvColumn::As::text}, {"views"}, {"unique_views"}, {"avg_duration", CsvColumn::As::decimal}};

}  // namespace

extern const Module kPages = {
    .name = "pages",
    .path = "/api/v1/pages",
    .summary = "Pages by views, with visitors and time on page",
    .key_module = "pageviews",
    .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
    .example = R"({"data":[{"path":"/pricing","views":2341,"unique_views":1820,"avg_duration":45.2}],"total":24})",
    .answer = pages,
    .csv = kCsv};

}  // namespace collector::query
