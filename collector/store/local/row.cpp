#include "store/local/row.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

/// In the order in which bind_event() fills them.
constexpr std::string_view kColumns =
    "id, project, visitor, session, ts_ms, received_ms, kind, dialect, interaction, event_id_is_ours, event_id, "
    "name, source_type, user, app, app_version, path, title, "
    "utm_source, utm_medium, utm_campaign, utm_content, utm_term, "
    "browser, browser_version, os, os_version, device_type, screen, language, country, "
    "revenue_amount, revenue_currency, duration_ms, "
    "error_type, error_filename, error_lineno, error_colno, error_message, error_stack, "
    "click_x, click_y, selector, viewport_w, viewport_h, "
    "depth, query, results_count, survey, completed, referrer, url, props, bot";

/// Binds one value after another. Absent is null. The first error is kept, and what follows it is skipped.
class Binder {
public:
    Binder(Statement& statement, std::int64_t project, Dictionary& dictionary)
        : statement_(statement), project_(project), dictionary_(dictionary) {}

    void number(std::int64_t value) { statement_.bind(next_++, value); }
    void number(const std::optional<std::int64_t>& value) { value ? number(*value) : null(); }
    void number(const std::optional<double>& value) { value ? statement_.bind(next_++, *value) : null(); }
    void flag(bool value) { number(std::int64_t{value}); }
    void flag(const std::optional<bool>& value) { value ? flag(*value) : null(); }
    void present_text(const std::string& text) { statement_.bind_borrowed(next_++, text); }
    void text(const std::string& text) { text.empty() ? null() : present_text(text); }

    void present_coded(const std::string& text, Space space = Space::word) {
        if (error_) return;
        auto id = dictionary_.id(project_, space, text);
        if (!id) {
            error_ = std::move(id).error();
        } else {
            number(*id);
        }
    }
    void coded(const std::string& text, Space space = Space::word) {
        text.empty() ? null() : present_coded(text, space);
    }

    Result<void> result() {
        if (error_) return std::move(*error_);
        return {};
    }

private:
    void null() { statement_.bind_null(next_++); }

    Statement& statement_;
    std::int64_t project_;
    Dictionary& dictionary_;
    int next_ = 1;
    std::optional<Error> error_;
};

void bind_identity(Binder& to, const model::Event& event, const RowKeys& keys) {
    to.number(keys.event);
    to.number(keys.project);
    to.number(keys.visitor);
    to.number(keys.session);
    to.number(event.ts_ms);
    to.number(event.received_ms);
    to.number(static_cast<std::int64_t>(event.kind));
    to.number(static_cast<std::int64_t>(event.dialect));
    to.flag(event.interaction);
    to.flag(event.event_id_is_ours);
    to.present_text(event.event_id);
    to.present_coded(event.name);
    to.present_coded(event.source_type);
    to.coded(event.user_id, Space::user);
    to.coded(event.app_id);
    to.coded(event.app_version);
}

void bind_context(Binder& to, const model::Event& event) {
    to.coded(event.path);
    to.coded(event.title);
    to.coded(event.utm_source);
    to.coded(event.utm_medium);
    to.coded(event.utm_campaign);
    to.coded(event.utm_content);
    to.coded(event.utm_term);
    to.coded(event.browser);
    to.coded(event.browser_version);
    to.coded(event.os);
    to.coded(event.os_version);
    to.coded(event.device_type);
    to.coded(event.screen);
    to.coded(event.language);
    to.coded(event.country);
}

void bind_facets(Binder& to, const model::Event& event) {
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
    to.text(event.referrer);
    to.text(event.url);
    to.present_text(event.props);
    to.flag(event.bot);
}

std::string insert_sql() {
    std::string places = "?";
    for (const char c : kColumns) {
        if (c == ',') places += ", ?";
    }
    return "INSERT INTO events (" + std::string(kColumns) + ") VALUES (" + places + ")";
}

}  // namespace

Result<RowInsert> RowInsert::open(Database& database) {
    auto event = database.prepare(insert_sql());
    if (!event) return std::move(event).error();
    auto vital = database.prepare("INSERT INTO event_vitals (event, ordinal, value, name) VALUES (?, ?, ?, ?)");
    if (!vital) return std::move(vital).error();
    return RowInsert(std::move(*event), std::move(*vital));
}

RowInsert::RowInsert(Statement event, Statement vital) : event_(std::move(event)), vital_(std::move(vital)) {}

Result<void> RowInsert::run(const model::Event& event, const RowKeys& keys, Dictionary& dictionary) {
    Binder to(event_, keys.project, dictionary);
    bind_identity(to, event, keys);
    bind_context(to, event);
    bind_facets(to, event);
    if (auto bound = to.result(); !bound) return bound;
    if (auto inserted = event_.run(); !inserted) return inserted;
    return run_vitals(event, keys, dictionary);
}

Result<void> RowInsert::run_vitals(const model::Event& event, const RowKeys& keys, Dictionary& dictionary) {
    std::int64_t ordinal = 0;
    for (const auto& [name, value] : event.vitals) {
        Binder to(vital_, keys.project, dictionary);
        to.number(keys.event);
        to.number(ordinal++);
        to.number(std::optional<double>(value));
        to.present_coded(name);
        if (auto bound = to.result(); !bound) return bound;
        if (auto inserted = vital_.run(); !inserted) return inserted;
    }
    return {};
}

}  // namespace collector::store::local
