#include "admin/event_json.hpp"

#include <string>
#include <utility>

namespace collector::admin {
namespace {

using model::Event;

struct Text {
    const char* name;
    std::string Event::*text;
};
constexpr Text kWhoAndWhere[] = {
    {"visitor_id", &Event::visitor_id},
    {"session_id", &Event::session_id},
    {"user_id", &Event::user_id},
    {"app_id", &Event::app_id},
    {"app_version", &Event::app_version},
    {"path", &Event::path},
    {"url", &Event::url},
    {"title", &Event::title},
    {"referrer", &Event::referrer},
    {"utm_source", &Event::utm_source},
    {"utm_medium", &Event::utm_medium},
    {"utm_campaign", &Event::utm_campaign},
    {"utm_content", &Event::utm_content},
    {"utm_term", &Event::utm_term},
    {"browser", &Event::browser},
    {"browser_version", &Event::browser_version},
    {"os", &Event::os},
    {"os_version", &Event::os_version},
    {"device_type", &Event::device_type},
    {"screen", &Event::screen},
    {"language", &Event::language},
    {"country", &Event::country},
};
constexpr Text kErrors[] = {
    {"error_message", &Event::error_message},
    {"error_type", &Event::error_type},
    {"error_stack", &Event::error_stack},
    {"error_filename", &Event::error_filename},
};

}  // namespace

http::Json to_json(const Event& event) {
    http::Json json = {{"project_id", event.project_id},
                       {"event_id", event.event_id},
                       {"dialect", model::name_of(event.dialect)},
                       {"kind", model::name_of(event.kind)},
                       {"name", event.name},
                       {"source_type", event.source_type},
                       {"ts_ms", event.ts_ms},
                       {"received_ms", event.received_ms}};
    const auto text = [&](const Text& field) {
        if (const auto& value = event.*field.text; !value.empty()) json[field.name] = value;
    };
    const auto optional = [&](const char* name, const auto& value) {
        if (value) json[name] = *value;
    };
    for (const auto& field : kWhoAndWhere) text(field);
    optional("revenue_amount", event.revenue_amount);
    text({"revenue_currency", &Event::revenue_currency});
    optional("duration_ms", event.duration_ms);
    json["interaction"] = event.interaction;
    json["bot"] = event.bot;
    for (const auto& field : kErrors) text(field);
    optional("error_lineno", event.error_lineno);
    optional("error_colno", event.error_colno);
    optional("click_x", event.click_x);
    optional("click_y", event.click_y);
    text({"selector", &Event::selector});
    optional("viewport_w", event.viewport_w);
    optional("viewport_h", event.viewport_h);
    for (const auto& [name, value] : event.vitals) json["vitals"][name] = value;
    optional("depth", event.depth);
    text({"query", &Event::query});
    optional("results_count", event.results_count);
    text({"survey_id", &Event::survey_id});
    optional("completed", event.completed);
    auto props = http::parse_json(event.props);
    json["props"] = props ? *std::move(props) : http::Json::object();
    return json;
}

}  // namespace collector::admin
