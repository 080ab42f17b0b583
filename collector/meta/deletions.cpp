#include "meta/deletions.hpp"

#include <algorithm>
#include <utility>

#include "meta/database.hpp"
#include "support/mutex.hpp"

namespace collector::meta {
namespace {

using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

Result<void> run_with(Database& database, const std::string& sql, std::string_view project_id) {
    auto statement = database.prepare(sql);
    if (!statement) return std::move(statement).error();
    statement->bind(1, project_id);
    return statement->run();
}

}  // namespace

struct Deletions::Impl {
    explicit Impl(Database opened) : database(std::move(opened)) {}

    mutable pulsekit::Mutex mutex;
    mutable Database database PULSEKIT_GUARDED_BY(mutex);
};

Deletions::Deletions(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Deletions::~Deletions() = default;

Result<std::unique_ptr<Deletions>> Deletions::open(const std::string& database_path) {
    auto database = open_database(database_path);
    if (!database) return std::move(database).error();
    return std::unique_ptr<Deletions>(new Deletions(std::make_unique<Impl>(*std::move(database))));
}

Result<std::vector<Deletion>> Deletions::pending() const {
    const pulsekit::MutexLock lock(impl_->mutex);
    auto rows = impl_->database.prepare(
        "SELECT project_id, deleted_ms, erased FROM deleted_projects ORDER BY deleted_ms, project_id");
    if (!rows) return std::move(rows).error();
    std::vector<Deletion> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        found.push_back(
            {.project_id = std::string(row.text(0)), .deleted_ms = row.integer(1), .erased = row.integer(2) != 0});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<bool> Deletions::is_pending(std::string_view project_id) const {
    const auto all = pending();
    if (!all) return all.error();
    return std::any_of(all->begin(), all->end(),
                       [&](const Deletion& one) { return one.project_id == project_id && !one.erased; });
}

/// Each table in a transaction of its own, so that nobody who writes waits for all of them.
Result<void> Deletions::erase_rows(std::string_view project_id) {
    for (const std::string table : kProjectTables) {
        const pulsekit::MutexLock lock(impl_->mutex);
        auto erased = run_with(impl_->database, "DELETE FROM " + table + " WHERE project_id = ?", project_id);
        if (!erased) return erased;
    }
    const pulsekit::MutexLock lock(impl_->mutex);
    return run_with(impl_->database, "DELETE FROM projects WHERE id = ?", project_id);
}

Result<void> Deletions::note_erased(std::string_view project_id) {
    const pulsekit::MutexLock lock(impl_->mutex);
    return run_with(impl_->database, "UPDATE deleted_projects SET erased = 1 WHERE project_id = ?", project_id);
}

Result<void> Deletions::forget(std::string_view project_id) {
    const pulsekit::MutexLock lock(impl_->mutex);
    return run_with(impl_->database, "DELETE FROM deleted_projects WHERE project_id = ?", project_id);
}

}  // namespace collector::meta
