// Which rows count as what, in one place for all reports (docs/protocol.md).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "model/event.hpp"
#include "model/measure.hpp"

namespace collector::query {

/// Where a session came from that was referred by nobody, or by the project itself.
inline constexpr std::string_view kDirect = "(direct)";

inline model::Condition equals(model::Field field, model::Value value) {
    return {.field = field, .test = model::Condition::Test::one_of, .values = {std::move(value)}};
}

inline model::Condition present(model::Field field) {
    return {.field = field, .test = model::Condition::Test::present, .values = {}};
}

inline model::Condition kind_is(std::initializer_list<model::Kind> kinds) {
    model::Condition condition{.field = model::Column::kind, .test = model::Condition::Test::one_of, .values = {}};
    for (const auto kind : kinds) condition.values.emplace_back(static_cast<std::int64_t>(kind));
    return condition;
}

/// What makes a visitor or a session active.
inline model::Condition active() { return kind_is({model::Kind::pageview, model::Kind::event}); }

/// What reports see: every kind but a client's delivery ledger.
inline model::Condition visible() {
    using enum model::Kind;
    return kind_is({pageview, event, identify, web_vital, scroll_depth, search_query, outlink, js_error, click_event,
                    survey_response});
}

/// Among active rows, those that count against a bounce.
inline model::Condition interaction() { return equals(model::Column::interaction, std::int64_t{1}); }

}  // namespace collector::query
