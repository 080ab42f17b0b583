// The canonical event: what every wire dialect is mapped onto and every report is asked of (docs/protocol.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace collector::model {

/// What an event is to the reports. The numbers are stored: append, never renumber.
enum class Kind : std::uint8_t {
    pageview = 0,
    event = 1,
    identify = 2,
    web_vital = 3,
    scroll_depth = 4,
    search_query = 5,
    outlink = 6,
    js_error = 7,
    click_event = 8,
    survey_response = 9,
    delivery = 10,  ///< a client's delivery ledger; no report but its own sees it
};

/// The protocol that brought an event. The numbers are stored: append, never renumber.
enum class DialectId : std::uint8_t { pulse = 0, gateway = 1, analytics = 2, productgraph = 3, ingest = 4 };

/// Empty text means absent in every optional text field.
struct Event {
    std::string project_id;
    std::string event_id;           ///< unique within its project; made by the collector when the client sent none
    bool event_id_is_ours = false;  ///< made here, so it needs no search for duplicates
    DialectId dialect = DialectId::productgraph;
    Kind kind = Kind::event;
    bool interaction = false;      ///< counts against a bounce
    bool bot = false;              ///< a crawler's: stored, and seen by no report
    std::string name;              ///< never empty
    std::string source_type;       ///< the dialect's own type, unchanged
    std::int64_t ts_ms = 0;        ///< when it happened, milliseconds since 1970
    std::int64_t received_ms = 0;  ///< when it arrived here

    std::string visitor_id;
    std::string session_id;  ///< empty: the store derives it from the visitor's neighbouring rows
    std::string user_id;
    std::string app_id;
    std::string app_version;

    std::string path;  ///< without query and fragment
    std::string url;
    std::string title;
    std::string referrer;
    std::string utm_source, utm_medium, utm_campaign, utm_content, utm_term;

    std::string browser, browser_version, os, os_version, device_type, screen, language;
    std::string country;  ///< two upper-case letters

    std::optional<double> revenue_amount;
    std::string revenue_currency;
    std::optional<std::int64_t> duration_ms;

    std::string error_message, error_type, error_stack, error_filename;
    std::optional<std::int64_t> error_lineno, error_colno;

    std::optional<double> click_x, click_y;
    std::string selector;
    std::optional<std::int64_t> viewport_w, viewport_h;

    std::vector<std::pair<std::string, double>> vitals;  ///< LCP, FCP, INP, TTFB in ms; CLS without unit

    std::optional<double> depth;  ///< percent of the page scrolled
    std::string query;            ///< site search
    std::optional<std::int64_t> results_count;
    std::string survey_id;
    std::optional<bool> completed;

    std::string props = "{}";  ///< a JSON object: properties and every member that has no field of its own
};

/// Every text of an event.
inline constexpr std::string Event::*kEventTexts[] = {&Event::project_id,
                                                      &Event::event_id,
                                                      &Event::name,
                                                      &Event::source_type,
                                                      &Event::visitor_id,
                                                      &Event::session_id,
                                                      &Event::user_id,
                                                      &Event::app_id,
                                                      &Event::app_version,
                                                      &Event::path,
                                                      &Event::url,
                                                      &Event::title,
                                                      &Event::referrer,
                                                      &Event::utm_source,
                                                      &Event::utm_medium,
                                                      &Event::utm_campaign,
                                                      &Event::utm_content,
                                                      &Event::utm_term,
                                                      &Event::browser,
                                                      &Event::browser_version,
                                                      &Event::os,
                                                      &Event::os_version,
                                                      &Event::device_type,
                                                      &Event::screen,
                                                      &Event::language,
                                                      &Event::country,
                                                      &Event::revenue_currency,
                                                      &Event::error_message,
                                                      &Event::error_type,
                                                      &Event::error_stack,
                                                      &Event::error_filename,
                                                      &Event::selector,
                                                      &Event::query,
                                                      &Event::survey_id,
                                                      &Event::props};

/// Pageviews and events: the rows that make a visitor or a session active.
constexpr bool is_active(Kind kind) { return kind == Kind::pageview || kind == Kind::event; }

std::string_view name_of(Kind kind);
std::string_view name_of(DialectId dialect);

}  // namespace collector::model
