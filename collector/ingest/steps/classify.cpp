// What an event is to the reports: its kind, and whether it speaks against a bounce (docs/protocol.md, canonical
// event).
#include <algorithm>
#include <iterator>

#include "ingest/steps/step.hpp"
#include "model/text.hpp"

namespace collector::ingest {
namespace {

using model::DialectId;
using model::Kind;

constexpr std::string_view kDelivery = "pulsekit.delivery";

constexpr std::string_view kPageviews[] = {"page_view",   "pageview",    "page.view",
                                           "page.viewed", "page_viewed", "screen_view"};
constexpr std::string_view kErrors[] = {"error", "js_error", "exception"};

/// What a page or an application does by itself, or what every visitor does without meaning to stay.
constexpr std::string_view kPassive[] = {"page.leave",   "ui.scroll",   "ui.focus",    "ui.blur",
                                         "state.change", "api.request", "api.response"};

constexpr Kind kAnalyticsKinds[] = {Kind::pageview,     Kind::event,          Kind::identify, Kind::web_vital,
                                    Kind::scroll_depth, Kind::search_query,   Kind::outlink,  Kind::js_error,
                                    Kind::click_event,  Kind::survey_response};

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view text) {
    return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

}  // namespace

Kind kind_of(DialectId dialect, std::string_view source_type, std::string_view name) {
    if (name == kDelivery) return Kind::delivery;
    const std::string type = model::lower(source_type);
    if (dialect == DialectId::analytics) {
        for (const Kind kind : kAnalyticsKinds) {
            if (model::name_of(kind) == type) return kind;
        }
        return Kind::event;
    }
    if (contains(kPageviews, type)) return Kind::pageview;
    if (contains(kErrors, type)) return Kind::js_error;
    if (dialect == DialectId::productgraph && type == "performance") return Kind::web_vital;
    return Kind::event;
}

std::optional<Reason> classify(Item& item, const Surroundings& around) {
    auto& event = item.event;
    event.kind = kind_of(around.dialect.id, event.source_type, event.name);
    event.interaction = model::is_active(event.kind);
    if (around.dialect.id == DialectId::productgraph && contains(kPassive, model::lower(event.source_type))) {
        event.interaction = false;
    }
    // An error that says nothing about itself is still one: reports find errors by their message.
    if (event.kind == Kind::js_error && event.error_message.empty()) {
        event.error_message = event.error_type.empty() ? event.name : event.error_type;
    }
    return std::nullopt;
}

}  // namespace collector::ingest
