// The events of a case file in their compact form. Only `at` is required: an event is then a custom one of the visitor
// `v` in the session `s` of the project `p`. Its other members are named in the tables below, and:
//
//   at           an instant
//   kind         as model::name_of(Kind)
//   interaction  whether it counts against a bounce; else what its kind says
//   bot          true for a crawler's
//   dialect      as model::name_of(DialectId)
//   vitals       {"LCP": 2500, ...}
//   props        an object; `traits` is the same, where it reads better
//   repeat       so many events in place of one: `#` in any text becomes 0, 1, ..., and each is `step_s` seconds (0)
//                later than the one before
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/json.hpp"
#include "model/event.hpp"
#include "support/time_text.hpp"

namespace collector::query::test {

struct CompactText {
    std::string_view member;
    std::string model::Event::*field;
};
inline constexpr CompactText kCompactTexts[] = {{"project", &model::Event::project_id},
                                                {"id", &model::Event::event_id},
                                                {"name", &model::Event::name},
                                                {"visitor", &model::Event::visitor_id},
                                                {"session", &model::Event::session_id},
                                                {"user", &model::Event::user_id},
                                                {"app_version", &model::Event::app_version},
                                                {"path", &model::Event::path},
                                                {"url", &model::Event::url},
                                                {"title", &model::Event::title},
                                                {"referrer", &model::Event::referrer},
                                                {"utm_source", &model::Event::utm_source},
                                                {"utm_medium", &model::Event::utm_medium},
                                                {"utm_campaign", &model::Event::utm_campaign},
                                                {"utm_content", &model::Event::utm_content},
                                                {"utm_term", &model::Event::utm_term},
                                                {"browser", &model::Event::browser},
                                                {"browser_version", &model::Event::browser_version},
                                                {"os", &model::Event::os},
                                                {"os_version", &model::Event::os_version},
                                                {"device_type", &model::Event::device_type},
                                                {"country", &model::Event::country},
                                                {"revenue_currency", &model::Event::revenue_currency},
                                                {"error_message", &model::Event::error_message},
                                                {"error_type", &model::Event::error_type},
                                                {"error_stack", &model::Event::error_stack},
                                                {"error_filename", &model::Event::error_filename},
                                                {"selector", &model::Event::selector},
                                                {"query", &model::Event::query},
                                                {"survey_id", &model::Event::survey_id}};

struct CompactReal {
    std::string_view member;
    std::optional<double> model::Event::*field;
};
inline constexpr CompactReal kCompactReals[] = {{"revenue", &model::Event::revenue_amount},
                                                {"x", &model::Event::click_x},
                                                {"y", &model::Event::click_y},
                                                {"depth", &model::Event::depth}};

struct CompactInteger {
    std::string_view member;
    std::optional<std::int64_t> model::Event::*field;
};
inline constexpr CompactInteger kCompactIntegers[] = {
    {"duration_ms", &model::Event::duration_ms},    {"error_lineno", &model::Event::error_lineno},
    {"error_colno", &model::Event::error_colno},    {"viewport_width", &model::Event::viewport_w},
    {"viewport_height", &model::Event::viewport_h}, {"results_count", &model::Event::results_count}};

inline std::int64_t instant(const http::Json& text) {
    const auto ms = pulsekit::parse_date_time(text.get<std::string>());
    EXPECT_TRUE(ms) << text;
    return ms.value_or(0);
}

inline model::Kind kind_named(const std::string& name) {
    for (int i = 0; i <= static_cast<int>(model::Kind::delivery); ++i) {
        if (name_of(static_cast<model::Kind>(i)) == name) return static_cast<model::Kind>(i);
    }
    ADD_FAILURE() << "no kind " << name;
    return model::Kind::event;
}

/// A misspelt member would leave the case to prove something else.
inline bool is_known(const std::string& member) {
    for (const auto known :
         {"at", "kind", "interaction", "bot", "dialect", "vitals", "props", "traits", "repeat", "step_s"}) {
        if (member == known) return true;
    }
    const auto named = [&](const auto& entry) { return entry.member == member; };
    return std::any_of(std::begin(kCompactTexts), std::end(kCompactTexts), named) ||
           std::any_of(std::begin(kCompactReals), std::end(kCompactReals), named) ||
           std::any_of(std::begin(kCompactIntegers), std::end(kCompactIntegers), named);
}

inline std::string numbered(std::string text, std::size_t number) {
    for (auto hash = text.find('#'); hash != std::string::npos; hash = text.find('#', hash)) {
        text.replace(hash, 1, std::to_string(number));
    }
    return text;
}

inline model::DialectId dialect_named(const std::string& name) {
    for (int i = 0; i <= static_cast<int>(model::DialectId::ingest); ++i) {
        if (name_of(static_cast<model::DialectId>(i)) == name) return static_cast<model::DialectId>(i);
    }
    ADD_FAILURE() << "no protocol " << name;
    return model::DialectId::productgraph;
}

/// `index` is among all events of the file, `number` among those that the compact one stands for.
inline model::Event event_of(const http::Json& compact, std::size_t index, std::size_t number) {
    model::Event event;
    event.project_id = "p";
    event.event_id = "event-" + std::to_string(index);
    event.visitor_id = "v";
    event.session_id = "s";
    event.kind = kind_named(compact.value("kind", "event"));
    event.dialect = dialect_named(compact.value("dialect", "productgraph"));
    event.name = name_of(event.kind);
    const bool repeated = compact.contains("repeat");
    for (const auto& [member, field] : kCompactTexts) {
        const auto found = compact.find(member);
        if (found == compact.end()) continue;
        event.*field = repeated ? numbered(found->get<std::string>(), number) : found->get<std::string>();
    }
    for (const auto& [member, field] : kCompactReals) {
        if (compact.contains(member)) event.*field = compact.at(std::string(member)).get<double>();
    }
    for (const auto& [member, field] : kCompactIntegers) {
        if (compact.contains(member)) event.*field = compact.at(std::string(member)).get<std::int64_t>();
    }
    event.source_type = event.name;
    event.interaction = compact.value("interaction", is_active(event.kind));
    event.bot = compact.value("bot", false);
    event.ts_ms = instant(compact.at("at")) + static_cast<std::int64_t>(number) * compact.value("step_s", 0) * 1000;
    event.received_ms = 1'800'000'000'000;  // whatever the event times are, the sending was one
    const auto vitals = compact.value("vitals", http::Json::object());
    for (const auto& [name, value] : vitals.items()) { event.vitals.emplace_back(name, value.get<double>()); }
    for (const auto* member : {"props", "traits"}) {
        if (compact.contains(member)) event.props = http::to_text(compact.at(member));
    }
    return event;
}

inline std::vector<model::Event> events_of(const http::Json& list) {
    std::vector<model::Event> events;
    for (const auto& compact : list) {
        for (const auto& [member, value] : compact.items()) EXPECT_TRUE(is_known(member)) << member;
        const auto count = compact.value("repeat", std::size_t{1});
        for (std::size_t number = 0; number < count; ++number) {
            events.push_back(event_of(compact, events.size(), number));
        }
    }
    return events;
}

}  // namespace collector::query::test
