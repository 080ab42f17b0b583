#include "model/event.hpp"

namespace collector::model {

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::pageview: return "pageview";
        case Kind::event: return "event";
        case Kind::identify: return "identify";
        case Kind::web_vital: return "web_vital";
        case Kind::scroll_depth: return "scroll_depth";
        case Kind::search_query: return "search_query";
        case Kind::outlink: return "outlink";
        case Kind::js_error: return "js_error";
        case Kind::click_event: return "click_event";
        case Kind::survey_response: return "survey_response";
        case Kind::delivery: return "delivery";
    }
    return "event";
}

std::string_view name_of(DialectId dialect) {
    switch (dialect) {
        case DialectId::pulse: return "pulse";
        case DialectId::gateway: return "gateway";
        case DialectId::analytics: return "analytics";
        case DialectId::productgraph: return "productgraph";
        case DialectId::ingest: return "ingest";
    }
    return "productgraph";
}

}  // namespace collector::model
