#include "meta/definition_rows.hpp"

#include <utility>

#include "meta/database.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

/// One row a step.
Result<std::vector<Funnel>> read_funnels(Statement& rows, std::string_view project_id) {
    std::vector<Funnel> found;
    auto read = for_each_row(rows, [&](const Statement& row) -> Result<void> {
        if (found.empty() || found.back().id != row.text(0)) {
            found.push_back({.id = std::string(row.text(0)),
                             .project_id = std::string(project_id),
                             .name = std::string(row.text(1)),
                             .created_ms = row.integer(2)});
        }
        const auto type = step_type_named(row.text(3));
        if (!type) return Error{ErrorCode::corrupt, "a stored step has no type"};
        found.back().steps.push_back(
            {.type = *type, .value = std::string(row.text(4)), .label = std::string(row.text(5))});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> write_steps(Database& database, const Funnel& funnel) {
    auto erase = database.prepare("DELETE FROM funnel_steps WHERE funnel_id = ?");
    if (!erase) return std::move(erase).error();
    erase->bind(1, funnel.id);
    if (auto done = erase->run(); !done) return done;
    auto insert =
        database.prepare("INSERT INTO funnel_steps (funnel_id, position, type, value, label) VALUES (?, ?, ?, ?, ?)");
    if (!insert) return std::move(insert).error();
    for (std::size_t i = 0; i < funnel.steps.size(); ++i) {
        insert->bind(1, funnel.id);
        insert->bind(2, static_cast<std::int64_t>(i));
        insert->bind(3, name_of(funnel.steps[i].type));
        insert->bind(4, funnel.steps[i].value);
        insert->bind(5, funnel.steps[i].label);
        if (auto done = insert->run(); !done) return done;
    }
    return {};
}

}  // namespace

Result<std::vector<Funnel>> find_funnels(Database& database, std::string_view project_id,
                                         std::optional<std::string_view> id) {
    auto rows = database.prepare(
        "SELECT funnels.id, name, created_ms, type, value, label FROM funnels "
        "JOIN funnel_steps ON funnel_id = funnels.id WHERE project_id = ?1 AND (?2 IS NULL OR funnels.id = ?2) "
        "ORDER BY seq, position");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    if (id) rows->bind(2, *id);
    return read_funnels(*rows, project_id);
}

Result<void> write(Database& database, const Funnel& funnel) {
    auto row = database.prepare(
        "INSERT INTO funnels (id, project_id, name, created_ms) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name");
    if (!row) return std::move(row).error();
    row->bind(1, funnel.id);
    row->bind(2, funnel.project_id);
    row->bind(3, funnel.name);
    row->bind(4, funnel.created_ms);
    if (auto done = row->run(); !done) return done;
    return write_steps(database, funnel);
}

Result<std::vector<Goal>> find_goals(Database& database, std::string_view project_id,
                                     std::optional<std::string_view> id) {
    auto rows = database.prepare(
        "SELECT id, name, type, target, threshold, created_ms FROM goals "
        "WHERE project_id = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY seq");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    if (id) rows->bind(2, *id);
    std::vector<Goal> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        const auto type = aim_type_named(row.text(2));
        if (!type) return Error{ErrorCode::corrupt, "a stored goal has no type"};
        found.push_back({.id = std::string(row.text(0)),
                         .project_id = std::string(project_id),
                         .name = std::string(row.text(1)),
                         .aim = {.type = *type, .target = std::string(row.text(3)), .threshold = row.real(4)},
                         .created_ms = row.integer(5)});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> write(Database& database, const Goal& goal) {
    auto row = database.prepare(
        "INSERT INTO goals (id, project_id, name, type, target, threshold, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, target = excluded.target, "
        "threshold = excluded.threshold");
    if (!row) return std::move(row).error();
    row->bind(1, goal.id);
    row->bind(2, goal.project_id);
    row->bind(3, goal.name);
    row->bind(4, name_of(goal.aim.type));
    row->bind(5, goal.aim.target);
    row->bind(6, goal.aim.threshold);
    row->bind(7, goal.created_ms);
    return row->run();
}

Result<bool> erase_row(Database& database, std::string_view table, std::string_view project_id, std::string_view id) {
    auto row = database.prepare("DELETE FROM " + std::string(table) + " WHERE project_id = ? AND id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, project_id);
    row->bind(2, id);
    if (auto done = row->run(); !done) return std::move(done).error();
    return database.changes() > 0;
}

}  // namespace collector::meta
