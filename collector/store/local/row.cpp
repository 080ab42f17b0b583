#include "store/local/row.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/local/event_id.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

// One statement for many rows saves opening the tables for each, and finds the end of the index once.
constexpr std::size_t kRowsAtOnce = 16;

/// In the order in which bind_event() fills them.
constexpr std::string_view kEventColumns =
    "id, project, ts_ms, kind, interaction, bot, visitor, session, name, path, context, delay_ms, event_id, "
    "event_id_is_ours, source_type, user, title, site, referrer, url, props";

/// In the order in which bind_details() fills them.
constexpr std::string_view kDetailColumns =
    "event, revenue_amount, revenue_currency, duration_ms, "
    "error_type, error_filename, error_lineno, error_colno, error_message, error_stack, "
    "click_x, click_y, selector, viewport_w, viewport_h, depth, query, results_count, survey, completed";

constexpr std::string_view kNothing;

/// From when it happened to when it arrived. No protocol has times so far away that the difference has no room, and
/// their neighbour is near enough.
std::int64_t delay_of(const model::Event& event) {
    std::int64_t delay = 0;
    if (!__builtin_sub_overflow(event.received_ms, event.ts_ms, &delay)) return delay;
    return event.ts_ms < 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

/// Scheme and host of the event's url, when its path follows them: most urls repeat what is stored as a number already.
std::string_view site_of(const model::Event& event) {
    const std::string_view url = event.url;
    const auto host = url.find("://");
    if (host == std::string_view::npos || event.path.empty()) return {};
    const auto path = url.find('/', host + 3);
    if (path == std::string_view::npos || !url.substr(path).starts_with(event.path)) return {};
    return url.substr(0, path);
}

/// Binds one value after another. Absent is null. The first error is kept, and what follows it is skipped.
class Binder {
public:
    /// `first` is the parameter that the first value is bound to.
    Binder(Statement& statement, std::int64_t project, Dictionary& dictionary, int first = 1)
        : statement_(statement), project_(project), dictionary_(dictionary), next_(first) {}

    void number(std::int64_t value) { statement_.bind(next_++, value); }
    void number(const std::optional<std::int64_t>& value) { value ? number(*value) : null(); }
    void number(const std::optional<double>& value) { value ? statement_.bind(next_++, *value) : null(); }
    void flag(bool value) { number(std::int64_t{value}); }
    void flag(const std::optional<bool>& value) { value ? flag(*value) : null(); }
    void event_id(std::string_view id, EventIdBytes& bytes) { bytes.bind(statement_, next_++, id); }
    void present_text(std::string_view text) { statement_.bind_borrowed(next_++, text); }
    void text(std::string_view text) { text.empty() ? null() : present_text(text); }

    void present_coded(std::string_view text, Space space = Space::word) {
        if (error_) return;
        auto id = dictionary_.id(project_, space, text);
        if (!id) {
            error_ = std::move(id).error();
        } else {
            number(*id);
        }
    }
    void coded(std::string_view text, Space space = Space::word) { text.empty() ? null() : present_coded(text, space); }

    Result<void> result() {
        if (error_) return std::move(*error_);
        return {};
    }

private:
    void null() { statement_.bind_null(next_++); }

    Statement& statement_;
    std::int64_t project_;
    Dictionary& dictionary_;
    int next_;
    std::optional<Error> error_;
};

void bind_event(Binder& to, const model::Event& event, const RowKeys& keys, EventIdBytes& id_bytes) {
    to.number(keys.event);
    to.number(keys.project);
    to.number(event.ts_ms);
    to.number(static_cast<std::int64_t>(event.kind));
    to.flag(event.interaction);
    to.flag(event.bot);
    to.number(keys.visitor);
    to.number(keys.session);
    to.present_coded(event.name);
    to.coded(event.path);
    to.number(keys.context);
    to.number(delay_of(event));
    to.event_id(event.event_id, id_bytes);
    to.flag(event.event_id_is_ours);
    to.coded(event.source_type == event.name ? kNothing : std::string_view(event.source_type));
    to.coded(event.user_id, Space::user);
    to.coded(event.title);
    const auto site = site_of(event);
    to.coded(site);
    to.text(event.referrer);
    to.text(std::string_view(event.url).substr(site.empty() ? 0 : site.size() + event.path.size()));
    to.text(event.props == "{}" ? kNothing : std::string_view(event.props));
}

/// Whether the event has any of what is in event_details.
bool has_details(const model::Event& event) {
    const bool number = event.revenue_amount || event.duration_ms || event.error_lineno || event.error_colno ||
                        event.click_x || event.click_y || event.viewport_w || event.viewport_h || event.depth ||
                        event.results_count || event.completed;
    return number || !event.revenue_currency.empty() || !event.error_message.empty() || !event.error_type.empty() ||
           !event.error_stack.empty() || !event.error_filename.empty() || !event.selector.empty() ||
           !event.query.empty() || !event.survey_id.empty();
}

void bind_details(Binder& to, const model::Event& event, const RowKeys& keys) {
    to.number(keys.event);
    to.number(event.revenue_amount);
    to.coded(event.revenue_currency);
    to.number(event.duration_ms);
    to.coded(event.error_type);
    to.coded(event.error_filename);
    to.number(event.error_lineno);
    to.number(event.error_colno);
    to.text(event.error_message);
    to.text(event.error_stack);
    to.number(event.click_x);
    to.number(event.click_y);
    to.coded(event.selector);
    to.number(event.viewport_w);
    to.number(event.viewport_h);
    to.number(event.depth);
    to.text(event.query);
    to.number(event.results_count);
    to.coded(event.survey_id);
    to.flag(event.completed);
}

int count(std::string_view columns) { return 1 + static_cast<int>(std::count(columns.begin(), columns.end(), ',')); }

std::string insert_sql(std::string_view table, std::string_view columns, std::size_t rows = 1) {
    std::string row = "(?";
    for (int i = 1; i < count(columns); ++i) row += ", ?";
    row += ")";
    std::string values = row;
    for (std::size_t i = 1; i < rows; ++i) values += ", " + row;
    return "INSERT OR ROLLBACK INTO " + std::string(table) + " (" + std::string(columns) + ") VALUES " + values;
}

}  // namespace

Result<RowInsert> RowInsert::open(Database& database) {
    auto many = database.prepare(insert_sql("events", kEventColumns, kRowsAtOnce));
    if (!many) return std::move(many).error();
    auto event = database.prepare(insert_sql("events", kEventColumns));
    if (!event) return std::move(event).error();
    auto details = database.prepare(insert_sql("event_details", kDetailColumns));
    if (!details) return std::move(details).error();
    auto vital = database.prepare(insert_sql("event_vitals", "event, ordinal, value, name"));
    if (!vital) return std::move(vital).error();
    return RowInsert({std::move(*many), std::move(*event), std::move(*details), std::move(*vital)});
}

Result<void> RowInsert::run(const model::Event& event, const RowKeys& keys, Dictionary& dictionary) {
    waiting_.push_back({&event, keys});
    if (waiting_.size() == kRowsAtOnce) {
        if (auto inserted = run_many(dictionary); !inserted) return inserted;
    }
    if (has_details(event)) {
        if (auto inserted = run_details(event, keys, dictionary); !inserted) return inserted;
    }
    return run_vitals(event, keys, dictionary);
}

Result<void> RowInsert::run_many(Dictionary& dictionary) {
    static const int kColumns = count(kEventColumns);
    std::array<EventIdBytes, kRowsAtOnce> id_bytes;
    for (std::size_t i = 0; i < kRowsAtOnce; ++i) {
        const auto& [event, keys] = waiting_[i];
        Binder to(statements_.many, keys.project, dictionary, 1 + static_cast<int>(i) * kColumns);
        bind_event(to, *event, keys, id_bytes[i]);
        if (auto bound = to.result(); !bound) return bound;
    }
    waiting_.clear();
    return statements_.many.run();
}

Result<void> RowInsert::finish(Dictionary& dictionary) {
    for (const auto& [event, keys] : waiting_) {
        EventIdBytes id_bytes;
        Binder to(statements_.event, keys.project, dictionary);
        bind_event(to, *event, keys, id_bytes);
        if (auto bound = to.result(); !bound) return bound;
        if (auto inserted = statements_.event.run(); !inserted) return inserted;
    }
    waiting_.clear();
    return {};
}

Result<void> RowInsert::run_details(const model::Event& event, const RowKeys& keys, Dictionary& dictionary) {
    Binder to(statements_.details, keys.project, dictionary);
    bind_details(to, event, keys);
    if (auto bound = to.result(); !bound) return bound;
    return statements_.details.run();
}

Result<void> RowInsert::run_vitals(const model::Event& event, const RowKeys& keys, Dictionary& dictionary) {
    std::int64_t ordinal = 0;
    for (const auto& [name, value] : event.vitals) {
        Binder to(statements_.vital, keys.project, dictionary);
        to.number(keys.event);
        to.number(ordinal++);
        to.number(std::optional<double>(value));
        to.present_coded(name);
        if (auto bound = to.result(); !bound) return bound;
        if (auto inserted = statements_.vital.run(); !inserted) return inserted;
    }
    return {};
}

}  // namespace collector::store::local
