// Where visitors go from a page, or where they come to it from.
#include <algorithm>
#include <cstddef>
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
using pulsekit::Result;

/// Those who went nowhere take the last place, within the limit.
std::size_t flows_before_exit(const model::Answer& answer, std::int64_t limit, bool any_exit) {
    const std::size_t flows = answer.rows.size() - (any_exit ? 1 : 0);
    return std::min(flows, static_cast<std::size_t>(any_exit ? limit - 1 : limit));
}

Result<Json> paths(const Context& context, const Params& params) {
    const auto path = params.text("path");
    const auto direction = params.text("direction");
    const bool backward = direction == "backward";
    const auto answer = context.ask(model::Flow{.of = context.select(params, {visible()}),
                                                .from = {kind_is({Kind::pageview}), equals(Column::path, path)},
                                                .among = {kind_is({Kind::pageview}), present(Column::path)},
                                                .backward = backward,
                                                .limit = params.page.limit});
    if (!answer) return answer.error();
    auto flows = Json::array();
    const auto add = [&](const std::string& other, std::int64_t visitors) {
        flows.push_back({{backward ? "prev_path" : "next_path", other},
                         {"visitors", visitors},
                         {"percentage", ratio(100 * visitors, answer->total, 1)}});
    };
    const bool any_exit = !answer->rows.empty() && is_null(answer->rows.back()[0]);
    const auto shown = flows_before_exit(*answer, params.page.limit, any_exit);
    for (std::size_t i = 0; i < shown; ++i) add(text(answer->rows[i][0]), integer(answer->rows[i][1]));
    if (any_exit) add(backward ? "(entry)" : "(exit)", integer(answer->rows.back()[1]));
    return Json{{"path", path}, {"direction", direction}, {"flows", std::move(flows)}};
}

constexpr std::string_view kDirections[] = {"forward", "backward"};
constexpr Parameter kOwn[] = {{.name = "path", .summary = "The page", .required = true, .example = "/pricing"},
                              {.name = "direction",
                               .summary = "Where visitors went to, or where they came from",
                               .one_of = kDirections,
                               .otherwise = "forward",
                               .example = "forward"}};

}  // namespace

extern const Module kPaths = {.name = "paths",
                              .path = "/api/v1/paths",
                              .summary = "The pages that visitors saw next after a page, or before it",
                              .gate = "paths",
                              .takes = {.range = true, .filters = true, .limit = 10, .own = kOwn},
                              .example = R"({"path":"/pricing","direction":"forward","flows":[
        {"next_path":"/signup","visitors":456,"percentage":25.1}]})",
                              .answer = paths};

}  // namespace collector::query
