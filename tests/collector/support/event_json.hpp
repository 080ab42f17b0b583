// A canonical event as JSON, for comparison with data files: absent fields are left out, so that what a case does not
// expect is seen.
#pragma once

#include "http/json.hpp"
#include "model/event.hpp"

namespace collector::test {

inline http::Json event_json(const model::Event& event) {
    http::Json json;
    const auto text = [&](const char* name, const std::string& value) {
        if (!value.empty()) json[name] = value;
    };
    const auto optional = [&](const char* name, const auto& value) {
        if (value) json[name] = *value;
    };
    text("project_id", event.project_id);
    text("event_id", event.event_id);
    json["event_id_is_ours"] = event.event_id_is_ours;
    json["dialect"] = model::name_of(event.dialect);
    json["kind"] = model::name_of(event.kind);
    json["interaction"] = event.interaction;
    if (event.bot) json["bot"] = true;
    text("name", event.name);
    text("source_type", event.source_type);
    json["ts_ms"] = event.ts_ms;
    json["received_ms"] = event.received_ms;
    text("visitor_id", event.visitor_id);
    text("session_id", event.session_id);
    text("user_id", event.user_id);
    text("app_id", event.app_id);
    text("app_version", event.app_version);
    text("path", event.path);
    text("url", event.url);
    text("title", event.title);
    text("referrer", event.referrer);
    text("utm_source", event.utm_source);
    text("utm_medium", event.utm_medium);
    text("utm_campaign", event.utm_campaign);
    text("utm_content", event.utm_content);
    text("utm_term", event.utm_term);
    text("browser", event.browser);
    text("browser_version", event.browser_version);
    text("os", event.os);
    text("os_version", event.os_version);
    text("device_type", event.device_type);
    text("screen", event.screen);
    text("language", event.language);
    text("country", event.country);
    optional("revenue_amount", event.revenue_amount);
    text("revenue_currency", event.revenue_currency);
    optional("duration_ms", event.duration_ms);
    text("error_message", event.error_message);
    text("error_type", event.error_type);
    text("error_stack", event.error_stack);
    text("error_filename", event.error_filename);
    optional("error_lineno", event.error_lineno);
    optional("error_colno", event.error_colno);
    optional("click_x", event.click_x);
    optional("click_y", event.click_y);
    text("selector", event.selector);
    optional("viewport_w", event.viewport_w);
    optional("viewport_h", event.viewport_h);
    for (const auto& [name, value] : event.vitals) json["vitals"][name] = value;
    optional("depth", event.depth);
    text("query", event.query);
    optional("results_count", event.results_count);
    text("survey_id", event.survey_id);
    optional("completed", event.completed);
    const auto props = http::parse_json(event.props);
    json["props"] = props ? *props : http::Json("not JSON: " + event.props);
    return json;
}

}  // namespace collector::test
