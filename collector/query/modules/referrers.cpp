// Where sessions came from.
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
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

/// A session comes from where its first pageview was referred from; one without a pageview is in no row.
Result<Json> referrers(const Context& context, const Params& params) {
    const auto pageview = kind_is({Kind::pageview});
    auto of = context.select(params, {visible()});
    of.filters.push_back({.of_session = {.take = Attribute::Take::any, .where = {pageview}},
                          .test = Condition::Test::one_of,
                          .values = {std::int64_t{1}}});
    const auto answer = context.ask(Question{
        .of = std::move(of),
        .counted = {active()},
        .unit = model::Unit::session,
        .attributes = {{.take = Attribute::Take::first, .where = {pageview}, .field = Column::source}},
        .group_by = {Field::of_unit(0)},
        .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor, .of_rows = true},
                     {.fold = Measure::Fold::count, .where = {pageview}, .of_rows = true}},
        // Null comes first among equals, and so does `(direct)`: no host begins with anything less.
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page});
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        data.push_back({{"source", is_null(row[0]) ? std::string(kDirect) : text(row[0])},
                        {"visitors", integer(row[1])},
                        {"pageviews", integer(row[2])}});
    }
    return Json{{"data", std::move(data)}};
}

constexpr CsvColumn kCsv[] = {{"source", CsvColumn::As::text}, {"visitors"}, {"pageviews"}};

}  // namespace

extern const Module kReferrers = {
    .name = "referrers",
    .path = "/api/v1/referrers",
    .summary = "Hosts that sessions came from, by visitors",
    .key_module = "referrers",
    .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
    .example = R"json({"data":[{"source":"(direct)","visitors":1245,"pageviews":3891}]})json",
    .answer = referrers,
    .csv = kCsv};

}  // namespace collector::query
