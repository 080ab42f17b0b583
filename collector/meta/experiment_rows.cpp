#include "meta/experiment_rows.hpp"

#include <utility>

#include "meta/database.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

/// One variant a step.
Result<std::vector<Experiment>> read_experiments(Statement& rows, std::string_view project_id) {
    std::vector<Experiment> found;
    auto read = for_each_row(rows, [&](const Statement& row) -> Result<void> {
        if (found.empty() || found.back().id != row.text(0)) {
            const auto status = experiment_status_named(row.text(3));
            if (!status) return Error{ErrorCode::corrupt, "a stored experiment has no status"};
            found.push_back({.id = std::string(row.text(0)),
                             .project_id = std::string(project_id),
                             .name = std::string(row.text(1)),
                             .description = std::string(row.text(2)),
                             .status = *status,
                             .variants = {},
                             .goal_id = std::string(row.text(4)),
                             .created_ms = row.integer(5)});
        }
        found.back().variants.push_back({.name = std::string(row.text(6)), .weight = row.real(7)});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> insert_variants(Database& database, const Experiment& experiment, std::int64_t seq) {
    auto row =
        database.prepare("INSERT INTO experiment_variants (experiment, position, name, weight) VALUES (?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
        row->bind(1, seq);
        row->bind(2, static_cast<std::int64_t>(i));
        row->bind(3, experiment.variants[i].name);
        row->bind(4, experiment.variants[i].weight);
        if (auto done = row->run(); !done) return done;
    }
    return {};
}

/// What was stored of a variant's place.
Result<std::size_t> variant_at(std::int64_t position, const Experiment& experiment) {
    const auto variant = static_cast<std::size_t>(position);
    if (variant < experiment.variants.size()) return variant;
    return Error{ErrorCode::corrupt, "a stored assignment has no variant"};
}

}  // namespace

Result<std::vector<Experiment>> find_experiments(Database& database, std::string_view project_id,
                                                 std::optional<std::string_view> id) {
    auto rows = database.prepare(
        "SELECT id, experiments.name, description, status, goal_id, created_ms, variants.name, weight "
        "FROM experiments JOIN experiment_variants AS variants ON experiment = seq "
        "WHERE project_id = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY seq, position");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    if (id) rows->bind(2, *id);
    return read_experiments(*rows, project_id);
}

Result<void> insert(Database& database, const Experiment& experiment) {
    auto row = database.prepare(
        "INSERT INTO experiments (id, project_id, name, description, status, goal_id, created_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, experiment.id);
    row->bind(2, experiment.project_id);
    row->bind(3, experiment.name);
    row->bind(4, experiment.description);
    row->bind(5, name_of(experiment.status));
    row->bind(6, experiment.goal_id);
    row->bind(7, experiment.created_ms);
    if (auto done = row->run(); !done) return done;
    return insert_variants(database, experiment, database.last_insert_id());
}

Result<void> write_status(Database& database, const Experiment& experiment) {
    auto row = database.prepare("UPDATE experiments SET status = ? WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, name_of(experiment.status));
    row->bind(2, experiment.id);
    return row->run();
}

Result<std::optional<std::size_t>> find_variant(Database& database, const Experiment& experiment,
                                                std::string_view visitor_id) {
    auto row = database.prepare(
        "SELECT position FROM experiment_assignments "
        "WHERE experiment = (SELECT seq FROM experiments WHERE id = ?) AND visitor_id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, experiment.id);
    row->bind(2, visitor_id);
    const auto found = row->step();
    if (!found) return found.error();
    if (!*found) return std::optional<std::size_t>();
    const auto variant = variant_at(row->integer(0), experiment);
    if (!variant) return variant.error();
    return std::optional(*variant);
}

Result<std::vector<Assignment>> find_assignments(Database& database, const Experiment& experiment, std::int64_t from_ms,
                                                 std::int64_t to_ms) {
    auto rows = database.prepare(
        "SELECT visitor_id, position, assigned_ms FROM experiment_assignments "
        "WHERE experiment = (SELECT seq FROM experiments WHERE id = ?) AND assigned_ms BETWEEN ? AND ?");
    if (!rows) return std::move(rows).error();
    rows->bind(1, experiment.id);
    rows->bind(2, from_ms);
    rows->bind(3, to_ms);
    std::vector<Assignment> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        const auto variant = variant_at(row.integer(1), experiment);
        if (!variant) return variant.error();
        found.push_back({.visitor_id = std::string(row.text(0)), .variant = *variant, .assigned_ms = row.integer(2)});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> insert(Database& database, const Experiment& experiment, const Assignment& assignment) {
    auto row = database.prepare(
        "INSERT INTO experiment_assignments (experiment, visitor_id, position, assigned_ms) "
        "VALUES ((SELECT seq FROM experiments WHERE id = ?), ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, experiment.id);
    row->bind(2, assignment.visitor_id);
    row->bind(3, static_cast<std::int64_t>(assignment.variant));
    row->bind(4, assignment.assigned_ms);
    return row->run();
}

Result<std::int64_t> erase_assignments(Database& database, std::string_view project_id,
                                       const std::vector<std::string>& visitor_ids) {
    auto row = database.prepare(
        "DELETE FROM experiment_assignments WHERE visitor_id = ? "
        "AND experiment IN (SELECT seq FROM experiments WHERE project_id = ?)");
    if (!row) return std::move(row).error();
    std::int64_t erased = 0;
    for (const auto& id : visitor_ids) {
        row->bind(1, id);
        row->bind(2, project_id);
        if (auto done = row->run(); !done) return std::move(done).error();
        erased += database.changes();
    }
    return erased;
}

}  // namespace collector::meta
