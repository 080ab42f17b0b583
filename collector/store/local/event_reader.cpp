#include "store/local/event_reader.hpp"

#include <utility>
#include <vector>

#include "store/local/contexts.hpp"
#include "store/local/event_id.hpp"

namespace collector::store::local {
namespace {

using model::Event;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::size_t kMaxRemembered = 100'000;

/// A column that holds the number of a text.
struct CodedText {
    const char* column;
    std::string Event::*text;
};
constexpr CodedText kCodedTexts[] = {
    {"e.project", &Event::project_id},
    {"e.visitor", &Event::visitor_id},
    {"e.session", &Event::session_id},
    {"e.name", &Event::name},
    {"coalesce(e.source_type, e.name)", &Event::source_type},
    {"e.path", &Event::path},
    {"e.user", &Event::user_id},
    {"e.title", &Event::title},
    {"d.revenue_currency", &Event::revenue_currency},
    {"d.error_type", &Event::error_type},
    {"d.error_filename", &Event::error_filename},
    {"d.selector", &Event::selector},
    {"d.survey", &Event::survey_id},
};

/// A column that holds a text.
constexpr CodedText kTexts[] = {
    {"e.referrer", &Event::referrer},
    {"coalesce(e.props, '{}')", &Event::props},
    {"d.error_message", &Event::error_message},
    {"d.error_stack", &Event::error_stack},
    {"d.query", &Event::query},
};

struct Integer {
    const char* column;
    std::optional<std::int64_t> Event::*value;
};
constexpr Integer kIntegers[] = {{"d.duration_ms", &Event::duration_ms}, {"d.error_lineno", &Event::error_lineno},
                                 {"d.error_colno", &Event::error_colno}, {"d.viewport_w", &Event::viewport_w},
                                 {"d.viewport_h", &Event::viewport_h},   {"d.results_count", &Event::results_count}};

struct Real {
    const char* column;
    std::optional<double> Event::*value;
};
constexpr Real kReals[] = {{"d.revenue_amount", &Event::revenue_amount},
                           {"d.click_x", &Event::click_x},
                           {"d.click_y", &Event::click_y},
                           {"d.depth", &Event::depth}};

/// The columns that have no list; then those of the lists follow, in their order.
enum First : int {
    kTime,
    kDelay,
    kKind,
    kInteraction,
    kBot,
    kDialect,
    kEventId,
    kIsOurs,
    kSite,
    kUrl,
    kCompleted,
    kListed
};
constexpr const char* kFirst =
    "e.ts_ms, e.delay_ms, e.kind, e.interaction, e.bot, c.dialect, e.event_id, e.event_id_is_ours, e.site, e.url, "
    "d.completed";

std::string sql() {
    std::string columns = kFirst;
    for (const auto& text : kCodedTexts) columns += std::string(", ") + text.column;
    for (const auto& text : kContextTexts) columns += std::string(", c.") + text.column;
    for (const auto& text : kTexts) columns += std::string(", ") + text.column;
    for (const auto& integer : kIntegers) columns += std::string(", ") + integer.column;
    for (const auto& real : kReals) columns += std::string(", ") + real.column;
    return "SELECT " + columns +
           " FROM events AS e JOIN event_contexts AS c ON c.id = e.context "
           "LEFT JOIN event_details AS d ON d.event = e.id WHERE e.id = ?";
}

}  // namespace

Result<EventReader> EventReader::open(Database& database) {
    auto event = database.prepare(sql());
    if (!event) return std::move(event).error();
    auto vitals = database.prepare("SELECT name, value FROM event_vitals WHERE event = ? ORDER BY ordinal");
    if (!vitals) return std::move(vitals).error();
    auto text = database.prepare("SELECT text FROM event_texts WHERE id = ?");
    if (!text) return std::move(text).error();
    return EventReader({std::move(*event), std::move(*vitals), std::move(*text)});
}

Result<std::optional<Event>> EventReader::read(std::int64_t row) {
    if (texts_.size() > kMaxRemembered) texts_.clear();
    statements_.event.bind(1, row);
    const auto found = statements_.event.step();
    if (!found) {
        statements_.event.reset();
        return found.error();
    }
    std::optional<Event> event;
    Result<void> filled;
    if (*found) filled = fill(event.emplace());
    statements_.event.reset();
    if (filled && event) filled = fill_vitals(*event, row);
    if (!filled) return std::move(filled).error();
    return event;
}

Result<void> EventReader::fill(Event& event) {
    const auto& row = statements_.event;
    event.ts_ms = row.integer(kTime);
    event.received_ms = event.ts_ms + row.integer(kDelay);
    event.kind = static_cast<model::Kind>(row.integer(kKind));
    event.interaction = row.integer(kInteraction) != 0;
    event.bot = row.integer(kBot) != 0;
    event.dialect = static_cast<model::DialectId>(row.integer(kDialect));
    event.event_id = event_id_of(row, kEventId);
    event.event_id_is_ours = row.integer(kIsOurs) != 0;
    if (!row.is_null(kCompleted)) event.completed = row.integer(kCompleted) != 0;
    int column = kListed;
    const auto coded = [&](std::string& into) -> Result<void> {
        if (!row.is_null(column)) {
            auto text = text_of(row.integer(column));
            if (!text) return std::move(text).error();
            into = std::move(*text);
        }
        ++column;
        return {};
    };
    for (const auto& text : kCodedTexts) {
        if (auto read = coded(event.*text.text); !read) return read;
    }
    for (const auto& text : kContextTexts) {
        if (auto read = coded(event.*text.text); !read) return read;
    }
    for (const auto& text : kTexts) event.*text.text = row.text(column++);
    for (const auto& integer : kIntegers) {
        if (!row.is_null(column)) event.*integer.value = row.integer(column);
        ++column;
    }
    for (const auto& real : kReals) {
        if (!row.is_null(column)) event.*real.value = row.real(column);
        ++column;
    }
    event.url = row.text(kUrl);
    if (row.is_null(kSite)) return {};
    const auto site = text_of(row.integer(kSite));
    if (!site) return site.error();
    event.url = *site + event.path + event.url;
    return {};
}

Result<void> EventReader::fill_vitals(Event& event, std::int64_t row) {
    auto& vitals = statements_.vitals;
    vitals.bind(1, row);
    const auto read_all = [&]() -> Result<void> {
        while (true) {
            const auto more = vitals.step();
            if (!more) return more.error();
            if (!*more) return {};
            auto name = text_of(vitals.integer(0));
            if (!name) return std::move(name).error();
            event.vitals.emplace_back(std::move(*name), vitals.real(1));
        }
    };
    auto done = read_all();
    vitals.reset();
    return done;
}

Result<std::string> EventReader::text_of(std::int64_t number) {
    const auto known = texts_.find(number);
    if (known != texts_.end()) return known->second;
    auto& statement = statements_.text;
    statement.bind(1, number);
    const auto found = statement.step();
    std::string text = found && *found ? std::string(statement.text(0)) : std::string();
    statement.reset();
    if (!found) return found.error();
    texts_.emplace(number, text);
    return text;
}

}  // namespace collector::store::local
