// The gateway's reports: events as they were sent, whatever protocol brought them, and how often each name was.
#include <utility>

#include "query/conditions.hpp"
#include "query/module.hpp"
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

/// The gateway's own events kept their properties; those of other protocols lost some to fields of their own.
Json properties_of(const Event& event) {
    auto properties = http::parse_json(event.props).value_or(Json::object());
    if (event.dialect == model::DialectId::gateway) return properties;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) properties[name] = value;
    };
    add("path", event.path);
    add("url", event.url);
    add("referrer", event.referrer);
    add("title", event.title);
    return properties;
}

Json shown(const Event& event) {
    Json json{{"id", event.event_id}, {"name", event.name}, {"properties", properties_of(event)}};
    if (!event.user_id.empty()) json["userId"] = event.user_id;
    if (!event.session_id.empty()) json["sessionId"] = event.session_id;
    json["timestamp"] = pulsekit::date_time_ms_text(event.ts_ms);
    return json;
}

Result<Json> event_list(const Context& context, const Params& params) {
    model::List list{.of = context.select(params, {visible()}), .counted = {}, .page = params.page};
    const std::pair<std::string_view, Column> narrowing[] = {
        {"name", Column::name}, {"userId", Column::user}, {"sessionId", Column::session}};
    for (const auto& [parameter, column] : narrowing) {
        if (auto value = params.text(parameter); !value.empty()) list.counted.push_back(equals(column, value));
    }
    auto events = Json::array();
    const auto listed = context.store.list(
        list, [&](const Event& event) { events.push_back(shown(event)); }, context.patience);
    if (!listed) return listed.error();
    return events;
}

Result<Json> top_events(const Context& context, const Params& params) {
    const auto answer = context.ask(Question{
        .of = context.select(params, {visible()}),
        .group_by = {Column::name},
        .measures = {{.fold = Measure::Fold::count}},
        .order = {{.by = Order::By::measure, .index = 0}, {.by = Order::By::group, .index = 0, .descending = false}},
        .page = params.page});
    if (!answer) return answer.error();
    auto data = Json::array();
    for (const auto& row : answer->rows) data.push_back({{"name", text(row[0])}, {"count", integer(row[1])}});
    return data;
}

constexpr Parameter kNarrowing[] = {
    {.name = "name", .summary = "Only events of this name", .example = "signup"},
    {.name = "userId", .summary = "Only events of this user", .example = "user-42"},
    {.name = "sessionId", .summary = "Only events of this session", .example = "session-7"}};

}  // namespace

extern const Module kEventList = {
    .name = "event_list",
    .path = "/api/v1/pulse/events",
    .summary = "Events, newest first",
    .takes = {.all_time = true, .limit = 100, .strict_limit = true, .offset = true, .own = kNarrowing},
    .example = R"([{"id":"V1StGXR8","name":"signup","properties":{"plan":"pro","page":"/join"},"userId":"user-42",
        "sessionId":"session-7","timestamp":"2026-03-05T12:00:00.000Z"}])",
    .protocol = &kGateway,
    .answer = event_list};

extern const Module kTopEvents = {.name = "top_events",
                                  .path = "/api/v1/pulse/reports/top-events",
                                  .summary = "Names of events, by count",
                                  .takes = {.all_time = true, .limit = 10, .strict_limit = true},
                                  .example = R"([{"name":"signup","count":128}])",
                                  .protocol = &kGateway,
                                  .answer = top_events};

}  // namespace collector::query
