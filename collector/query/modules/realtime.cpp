// Who is here now.
#include "query/conditions.hpp"
#include "query/module.hpp"
#include "query/values.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Column;
using model::Measure;
using model::Question;
using pulsekit::Result;

constexpr std::int64_t kNowMs = 5 * 60'000;

Result<Json> realtime(const Context& context, const Params& params) {
    Params now = params;
    now.range = {context.now_ms - kNowMs, context.now_ms};
    const auto answer =
        context.ask(Question{.of = context.select(now, {visible()}),
                             .measures = {{.fold = Measure::Fold::distinct, .field = Column::visitor}}});
    if (!answer) return answer.error();
    return Json{{"active_visitors", integer(answer->rows.front()[0])}};
}

}  // namespace

extern const Module kRealtime = {.name = "realtime",
                                 .path = "/api/v1/realtime",
                                 .summary = "Visitors with any event in the last five minutes",
                                 .key_module = "realtime",
                                 .takes = {.filters = true},
                                 .example = R"({"active_visitors":187})",
                                 .answer = realtime};

}  // namespace collector::query
