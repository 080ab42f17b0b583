// The most frequent custom events.
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
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

Result<Json> events(const Context& context, const Params& params) {
    const auto answer = context.ask(Question{
        .of = context.select(params, {visible()}),
        .counted = {kind_is({Kind::event})},
        .group_by = {Column::name},
        .measures = {{.fold = Measure::Fold::count}, {.fold = Measure::Fold::distinct, .field = Column::visitor}},
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page});
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        data.push_back({{"name", text(row[0])}, {"count", integer(row[1])}, {"unique", integer(row[2])}});
    }
    return Json{{"data", std::move(data)}};
}

constexpr CsvColumn kCsv[] = {{"name", CsvColumn::As::text}, {"count"}, {"unique"}};

}  // namespace

extern const Module kEvents = {.name = "events",
                               .path = "/api/v1/events",
                               .summary = "Custom events by count, with distinct visitors",
                               .key_module = "events",
                               .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
                               .example = R"({"data":[{"name":"signup_complete","count":412,"unique":412}]})",
                               .answer = events,
                               .csv = kCsv};

}  // namespace collector::query
