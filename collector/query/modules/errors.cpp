// What goes wrong where the project's code runs: any row with an error's message, whatever its kind.
#include <utility>

#include "query/conditions.hpp"
#include "query/days.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using model::Column;
using model::Event;
using model::Measure;
using model::Order;
using model::Question;
using pulsekit::Result;

Result<Json> errors(const Context& context, const Params& params) {
    const auto answer = context.ask(Question{
        .of = context.select(params, {visible()}),
        .counted = {present(Column::error_message)},
        .group_by = {Column::error_message},
        .measures = {{.fold = Measure::Fold::count},
                     {.fold = Measure::Fold::distinct, .field = Column::session},
                     {.fold = Measure::Fold::greatest, .field = Column::time},
                     {.fold = Measure::Fold::least, .field = Column::time}},
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page});
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) {
        data.push_back({{"message", text(row[0])},
                        {"count", integer(row[1])},
                        {"unique_sessions", integer(row[2])},
                        {"last_seen", pulsekit::date_time_text(integer(row[3]))},
                        {"first_seen", pulsekit::date_time_text(integer(row[4]))}});
    }
    return Json{{"data", std::move(data)}};
}

Json text_or_null(const std::string& value) { return value.empty() ? Json() : Json(value); }

Json integer_or_null(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(); }

/// `Chrome 122` of 122.0.6261.94: what differs within a major version is seldom what went wrong.
Json with_major(const std::string& name, const std::string& version) {
    if (name.empty()) return nullptr;
    const auto major = version.substr(0, version.find('.'));
    return major.empty() ? name : name + " " + major;
}

Json instance_json(const Event& event) {
    return {{"timestamp", pulsekit::date_time_text(event.ts_ms)},
            {"path", text_or_null(event.path)},
            {"filename", text_or_null(event.error_filename)},
            {"lineno", integer_or_null(event.error_lineno)},
            {"colno", integer_or_null(event.error_colno)},
            {"stack", text_or_null(event.error_stack)},
            {"browser", with_major(event.browser, event.browser_version)},
            {"os", with_major(event.os, event.os_version)}};
}

Result<Json> instances(const Context& context, const Params& params) {
    const auto message = params.text("message");
    auto list = Json::array();
    const auto listed = context.store.list(
        {.of = context.select(params, {visible()}),
         .counted = {equals(Column::error_message, message)},
         .page = params.page},
        [&](const Event& event) { list.push_back(instance_json(event)); }, context.patience);
    if (!listed) return listed.error();
    return Json{{"message", message}, {"instances", std::move(list)}};
}

Result<Json> timeseries(const Context& context, const Params& params) {
    const auto days = days_of(params.range);
    if (!days) return days.error();
    const auto answer = context.ask(Question{.of = context.select(params, {visible()}),
                                             .counted = {present(Column::error_message)},
                                             .group_by = {Column::day},
                                             .measures = {{.fold = Measure::Fold::count}},
                                             .order = {{.by = Order::By::group, .index = 0, .descending = false}}});
    if (!answer) return answer.error();
    return Json{{"data", series(*days, *answer, [](const std::string& date, const auto* row) {
                     return Json{{"date", date}, {"count", row ? integer((*row)[1]) : 0}};
                 })}};
}

/// The rate is of active sessions; a session may be affected without being one.
Result<Json> stats(const Context& context, const Params& params) {
    const auto is_error = present(Column::error_message);
    const auto answer = context.ask(
        Question{.of = context.select(params, {visible()}),
                 .measures = {{.fold = Measure::Fold::count, .where = {is_error}},
                              {.fold = Measure::Fold::distinct, .field = Column::error_message},
                              {.fold = Measure::Fold::distinct, .field = Column::session, .where = {is_error}},
                              {.fold = Measure::Fold::distinct, .field = Column::session, .where = {active()}}}});
    if (!answer) return answer.error();
    const auto& row = answer->rows.front();
    return Json{{"total_errors", integer(row[0])},
                {"unique_errors", integer(row[1])},
                {"affected_sessions", integer(row[2])},
                {"error_rate", ratio(100 * integer(row[2]), integer(row[3]), 1)}};
}

constexpr Parameter kMessage[] = {{.name = "message",
                                   .summary = "The error's exact message",
                                   .required = true,
                                   .example = "Cannot read properties of undefined"}};

}  // namespace

extern const Module kErrors = {.name = "errors",
                               .path = "/api/v1/errors",
                               .summary = "Errors by count, with the sessions that met them",
                               .gate = "error_tracking",
                               .takes = {.range = true, .filters = true, .limit = 10, .offset = true},
                               .example = R"({"data":[{"message":"Cannot read properties of undefined","count":156,
        "unique_sessions":89,"last_seen":"2026-03-22T14:30:00Z","first_seen":"2026-03-15T08:12:00Z"}]})",
                               .answer = errors};

extern const Module kErrorsDetail = {
    .name = "errors_detail",
    .path = "/api/v1/errors/detail",
    .summary = "The instances of one error, newest first",
    .gate = "error_tracking",
    .takes = {.range = true, .filters = true, .limit = 20, .own = kMessage},
    .example = R"({"message":"Cannot read properties of undefined","instances":[{"timestamp":"2026-03-22T14:30:00Z",
        "path":"/checkout","filename":"app.js","lineno":142,"colno":23,"stack":"TypeError: ...",
        "browser":"Chrome 122","os":"Windows 11"}]})",
    .alias = "/api/v1/errors/instances",
    .answer = instances};

extern const Module kErrorsTimeseries = {.name = "errors_timeseries",
                                         .path = "/api/v1/errors/timeseries",
                                         .summary = "Errors on each UTC day of a range",
                                         .gate = "error_tracking",
                                         .takes = {.range = true, .filters = true},
                                         .example = R"({"data":[{"date":"2026-03-15","count":42}]})",
                                         .answer = timeseries};

extern const Module kErrorsStats = {
    .name = "errors_stats",
    .path = "/api/v1/errors/stats",
    .summary = "How many errors there were, and the share of sessions that met any",
    .gate = "error_tracking",
    .takes = {.range = true, .filters = true},
    .example = R"({"total_errors":342,"unique_errors":18,"affected_sessions":215,"error_rate":4.7})",
    .answer = stats};

}  // namespace collector::query
