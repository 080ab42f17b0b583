#include "meta/tables.hpp"

#include <algorithm>
#include <optional>

#include "meta/database.hpp"
#include "model/names.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Statement;

std::string scopes_text(const std::vector<Scope>& scopes) {
    std::vector<std::string> names;
    names.reserve(scopes.size());
    for (const Scope scope : scopes) names.emplace_back(name_of(scope));
    return model::joined(names);
}

std::vector<Scope> scopes_of(std::string_view text) {
    std::vector<Scope> scopes;
    for (const auto& name : model::split(text)) {
        if (const auto scope = scope_named(name)) scopes.push_back(*scope);
    }
    return scopes;
}

std::optional<std::int64_t> optional_integer(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.integer(column);
}

template <typename F>
Result<void> for_each_row(pulsekit::sqlite::Database& database, std::string_view sql, F take) {
    auto rows = database.prepare(sql);
    if (!rows) return std::move(rows).error();
    return for_each_row(*rows, take);
}

}  // namespace

Result<Tables> Tables::open(const std::string& path) {
    auto database = open_database(path);
    if (!database) return std::move(database).error();
    return Tables(*std::move(database));
}

Result<std::vector<Project>> Tables::projects() {
    std::vector<Project> found;
    const auto take = [&](const Statement& row) -> Result<void> {
        found.push_back({.id = std::string(row.text(0)),
                         .name = std::string(row.text(1)),
                         .domain = std::string(row.text(2)),
                         .created_ms = row.integer(3),
                         .retention_days = optional_integer(row, 4)});
        return {};
    };
    auto read = for_each_row(database_,
                             "SELECT id, name, domain, created_ms, retention_days FROM projects "
                             "WHERE id NOT IN (SELECT project_id FROM deleted_projects) ORDER BY seq",
                             take);
    if (!read) return std::move(read).error();
    const auto take_module = [&](const Statement& row) -> Result<void> {
        const auto project =
            std::find_if(found.begin(), found.end(), [&](const Project& p) { return p.id == row.text(0); });
        const auto module = model::index_of_module(row.text(1));
        const auto access = model::module_access_named(row.text(3));
        // A newer version may have had modules that this one lacks.
        if (project == found.end() || module >= project->modules.size() || !access) return {};
        project->modules[module] = {.enabled = row.integer(2) != 0, .access = *access, .configured = true};
        return {};
    };
    read = for_each_row(database_, "SELECT project_id, name, enabled, access FROM project_modules", take_module);
    if (!read) return std::move(read).error();
    return found;
}

Result<void> Tables::insert(const Project& project) {
    auto row = database_.prepare("INSERT INTO projects (id, name, domain, created_ms) VALUES (?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, project.id);
    row->bind(2, project.name);
    row->bind(3, project.domain);
    row->bind(4, project.created_ms);
    return row->run();
}

Result<void> Tables::write_name(const Project& project) {
    auto row = database_.prepare("UPDATE projects SET name = ?, domain = ? WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, project.name);
    row->bind(2, project.domain);
    row->bind(3, project.id);
    return row->run();
}

Result<void> Tables::bury(std::string_view project_id, std::int64_t now_ms) {
    auto transaction = pulsekit::sqlite::Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    auto note = database_.prepare("INSERT INTO deleted_projects (project_id, deleted_ms) VALUES (?, ?)");
    if (!note) return std::move(note).error();
    note->bind(1, project_id);
    note->bind(2, now_ms);
    if (auto done = note->run(); !done) return done;
    auto keys = database_.prepare("DELETE FROM api_keys WHERE project_id = ?");
    if (!keys) return std::move(keys).error();
    keys->bind(1, project_id);
    if (auto done = keys->run(); !done) return done;
    return transaction->commit();
}

Result<void> Tables::write_retention(const Project& project) {
    auto row = database_.prepare("UPDATE projects SET retention_days = ? WHERE id = ?");
    if (!row) return std::move(row).error();
    if (project.retention_days) {
        row->bind(1, *project.retention_days);
    } else {
        row->bind_null(1);
    }
    row->bind(2, project.id);
    return row->run();
}

Result<void> Tables::write_modules(const Project& project) {
    auto transaction = pulsekit::sqlite::Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    auto row = database_.prepare(
        "INSERT INTO project_modules (project_id, name, enabled, access) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (project_id, name) DO UPDATE SET enabled = excluded.enabled, access = excluded.access");
    if (!row) return std::move(row).error();
    for (std::size_t i = 0; i < project.modules.size(); ++i) {
        const auto& setting = project.modules[i];
        if (!setting.configured) continue;
        row->bind(1, project.id);
        row->bind(2, model::modules()[i].name);
        row->bind(3, std::int64_t{setting.enabled});
        row->bind(4, model::name_of(setting.access));
        if (auto done = row->run(); !done) return done;
    }
    return transaction->commit();
}

Result<std::vector<KeyRow>> Tables::keys() {
    std::vector<KeyRow> found;
    const auto take = [&](const Statement& row) -> Result<void> {
        KeyRow read{.key = {.id = std::string(row.text(0)),
                            .project_id = std::string(row.text(1)),
                            .name = std::string(row.text(2)),
                            .key_prefix = std::string(row.text(3)),
                            .scopes = scopes_of(row.text(4)),
                            .allowed_modules = model::split(row.text(5)),
                            .expires_ms = optional_integer(row, 6),
                            .last_used_ms = optional_integer(row, 7),
                            .created_ms = row.integer(8)}};
        const auto digest = row.blob(9);
        if (digest.size() != read.digest.size()) return Error{ErrorCode::corrupt, "a stored key has no digest"};
        std::copy(digest.begin(), digest.end(), read.digest.begin());
        found.push_back(std::move(read));
        return {};
    };
    auto read = for_each_row(database_,
                             "SELECT id, project_id, name, key_prefix, scopes, allowed_modules, expires_ms, "
                             "last_used_ms, created_ms, digest FROM api_keys ORDER BY seq",
                             take);
    if (!read) return std::move(read).error();
    return found;
}

Result<void> Tables::insert(const KeyRow& made) {
    auto row = database_.prepare(
        "INSERT INTO api_keys (id, project_id, name, digest, key_prefix, scopes, "
        "allowed_modules, expires_ms, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    const Key& key = made.key;
    row->bind(1, key.id);
    row->bind(2, key.project_id);
    row->bind(3, key.name);
    row->bind_blob(4, {reinterpret_cast<const char*>(made.digest.data()), made.digest.size()});
    row->bind(5, key.key_prefix);
    row->bind(6, scopes_text(key.scopes));
    row->bind(7, model::joined(key.allowed_modules));
    if (key.expires_ms) {
        row->bind(8, *key.expires_ms);
    } else {
        row->bind_null(8);
    }
    row->bind(9, key.created_ms);
    return row->run();
}

Result<void> Tables::erase_key(std::string_view id) {
    auto row = database_.prepare("DELETE FROM api_keys WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, id);
    return row->run();
}

Result<void> Tables::replace(const Key& old, bool at_once, const KeyRow& made) {
    auto transaction = pulsekit::sqlite::Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    if (auto inserted = insert(made); !inserted) return inserted;
    if (at_once) {
        if (auto erased = erase_key(old.id); !erased) return erased;
        return transaction->commit();
    }
    auto row = database_.prepare("UPDATE api_keys SET expires_ms = ? WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, *old.expires_ms);
    row->bind(2, old.id);
    if (auto done = row->run(); !done) return done;
    return transaction->commit();
}

Result<void> Tables::write(const std::vector<Usage>& usages) {
    auto transaction = pulsekit::sqlite::Transaction::begin(database_);
    if (!transaction) return std::move(transaction).error();
    auto update = database_.prepare("UPDATE api_keys SET last_used_ms = ? WHERE id = ?");
    if (!update) return std::move(update).error();
    for (const auto& [id, used_ms] : usages) {
        update->bind(1, used_ms);
        update->bind(2, id);
        if (auto done = update->run(); !done) return done;
    }
    return transaction->commit();
}

Result<std::string> Tables::server_secret(pulsekit::Random& random) {
    std::string made;
    for (int i = 0; i < 4; ++i) {
        const std::uint64_t word = random.next();
        made.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    auto insert = database_.prepare("INSERT OR IGNORE INTO secrets (name, bytes) VALUES ('server_secret', ?)");
    if (!insert) return std::move(insert).error();
    insert->bind_blob(1, made);
    if (auto done = insert->run(); !done) return std::move(done).error();
    std::string secret;
    const auto take = [&](const Statement& row) -> Result<void> {
        secret = row.blob(0);
        return {};
    };
    auto read = for_each_row(database_, "SELECT bytes FROM secrets WHERE name = 'server_secret'", take);
    if (!read) return std::move(read).error();
    return secret;
}

}  // namespace collector::meta
