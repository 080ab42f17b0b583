#include "meta/alert_rows.hpp"

#include <utility>

#include "meta/database.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

Result<Alert> read_alert(const Statement& row, std::string_view project_id) {
    const auto compared = operator_named(row.text(4));
    if (!compared) return Error{ErrorCode::corrupt, "a stored alert has no operator"};
    Alert alert{.id = std::string(row.text(0)),
                .project_id = std::string(project_id),
                .rule = {.name = std::string(row.text(1)),
                         .module = std::string(row.text(2)),
                         .metric = std::string(row.text(3)),
                         .compared = *compared,
                         .threshold = row.real(5),
                         .window_minutes = row.integer(6),
                         .cooldown_minutes = row.integer(7),
                         .channels = {}},
                .enabled = row.integer(8) != 0,
                .last_triggered_ms = {},
                .created_ms = row.integer(10)};
    if (!row.is_null(9)) alert.last_triggered_ms = row.integer(9);
    return alert;
}

Result<void> write_channels(Database& database, const Alert& alert) {
    auto erase = database.prepare("DELETE FROM alert_channels WHERE alert_id = ?");
    if (!erase) return std::move(erase).error();
    erase->bind(1, alert.id);
    if (auto done = erase->run(); !done) return done;
    auto insert = database.prepare("INSERT INTO alert_channels (alert_id, position, type, target) VALUES (?, ?, ?, ?)");
    if (!insert) return std::move(insert).error();
    std::int64_t position = 0;
    for (const auto& channel : alert.rule.channels) {
        insert->bind(1, alert.id);
        insert->bind(2, position++);
        insert->bind(3, name_of(channel.type));
        insert->bind(4, channel.target);
        if (auto done = insert->run(); !done) return done;
    }
    return {};
}

}  // namespace

Result<std::vector<Alert>> find_alerts(Database& database, std::string_view project_id,
                                       std::optional<std::string_view> id) {
    auto rows = database.prepare(
        "SELECT id, name, module, metric, operator, threshold, window_minutes, cooldown_minutes, enabled, "
        "last_triggered_ms, created_ms, type, target FROM alerts LEFT JOIN alert_channels ON alert_id = id "
        "WHERE project_id = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY seq, position");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    if (id) rows->bind(2, *id);
    std::vector<Alert> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        if (found.empty() || found.back().id != row.text(0)) {
            auto alert = read_alert(row, project_id);
            if (!alert) return std::move(alert).error();
            found.push_back(*std::move(alert));
        }
        if (row.is_null(11)) return {};  // it tells nobody
        const auto type = channel_type_named(row.text(11));
        if (!type) return Error{ErrorCode::corrupt, "a stored alert's channel has no type"};
        found.back().rule.channels.push_back({.type = *type, .target = std::string(row.text(12))});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> write(Database& database, const Alert& alert) {
    auto row = database.prepare(
        "INSERT INTO alerts (id, project_id, name, module, metric, operator, threshold, window_minutes, "
        "cooldown_minutes, enabled, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, module = excluded.module, metric = excluded.metric, "
        "operator = excluded.operator, threshold = excluded.threshold, window_minutes = excluded.window_minutes, "
        "cooldown_minutes = excluded.cooldown_minutes, enabled = excluded.enabled");
    if (!row) return std::move(row).error();
    row->bind(1, alert.id);
    row->bind(2, alert.project_id);
    row->bind(3, alert.rule.name);
    row->bind(4, alert.rule.module);
    row->bind(5, alert.rule.metric);
    row->bind(6, name_of(alert.rule.compared));
    row->bind(7, alert.rule.threshold);
    row->bind(8, alert.rule.window_minutes);
    row->bind(9, alert.rule.cooldown_minutes);
    row->bind(10, std::int64_t{alert.enabled});
    row->bind(11, alert.created_ms);
    if (auto done = row->run(); !done) return done;
    return write_channels(database, alert);
}

Result<void> note_triggered(Database& database, std::string_view id, std::int64_t now_ms) {
    auto row = database.prepare("UPDATE alerts SET last_triggered_ms = ? WHERE id = ? AND enabled = 1");
    if (!row) return std::move(row).error();
    row->bind(1, now_ms);
    row->bind(2, id);
    if (auto done = row->run(); !done) return done;
    if (database.changes() == 0) return Error{ErrorCode::not_found, "no alert " + std::string(id) + " is on"};
    return {};
}

}  // namespace collector::meta
