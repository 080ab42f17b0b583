#include "meta/shares.hpp"

#include <algorithm>
#include <utility>

#include "crypto/password.hpp"
#include "meta/connection.hpp"
#include "meta/database.hpp"
#include "meta/definition_rows.hpp"
#include "model/names.hpp"
#include "support/ids.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::size_t kTokenCharacters = 32;

/// Those whose column is the text, oldest first.
Result<std::vector<Share>> find_shares(Database& database, std::string_view column, std::string_view text) {
    auto rows = database.prepare(
        "SELECT id, project_id, name, token, modules, password, expires_ms, created_ms FROM shares WHERE " +
        std::string(column) + " = ? ORDER BY seq");
    if (!rows) return std::move(rows).error();
    rows->bind(1, text);
    std::vector<Share> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        found.push_back({.id = std::string(row.text(0)),
                         .project_id = std::string(row.text(1)),
                         .name = std::string(row.text(2)),
                         .token = std::string(row.text(3)),
                         .modules = model::split(row.text(4)),
                         .password_hash = std::string(row.text(5)),
                         .expires_ms = row.is_null(6) ? std::nullopt : std::optional(row.integer(6)),
                         .created_ms = row.integer(7)});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> insert(Database& database, const Share& share) {
    auto row = database.prepare(
        "INSERT INTO shares (id, project_id, name, token, modules, password, expires_ms, created_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, share.id);
    row->bind(2, share.project_id);
    row->bind(3, share.name);
    row->bind(4, share.token);
    row->bind(5, model::joined(share.modules));
    row->bind(6, share.password_hash);
    if (share.expires_ms) {
        row->bind(7, *share.expires_ms);
    } else {
        row->bind_null(7);
    }
    row->bind(8, share.created_ms);
    return row->run();
}

}  // namespace

Shares::Shares(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Shares::~Shares() = default;

Result<std::unique_ptr<Shares>> Shares::open(const std::string& database_path, pulsekit::Clock& clock,
                                             pulsekit::Random& random) {
    auto connection = connect(database_path, clock, random);
    if (!connection) return std::move(connection).error();
    return std::unique_ptr<Shares>(new Shares(*std::move(connection)));
}

Result<Share> Shares::create(std::string_view project_id, const NewShare& wanted) {
    std::string hash;
    if (!wanted.password.empty()) {
        auto hashed = crypto::hash_of_password(wanted.password, connection_->random);
        if (!hashed) return std::move(hashed).error();
        hash = *std::move(hashed);
    }
    const pulsekit::MutexLock lock(connection_->mutex);
    const auto now = connection_->clock.unix_ms();
    Share share{.id = connection_->ids.next(now).text(),
                .project_id = std::string(project_id),
                .name = wanted.name,
                .token = pulsekit::random_token(connection_->random, kTokenCharacters),
                .modules = wanted.modules,
                .password_hash = std::move(hash),
                .expires_ms = wanted.expires_ms,
                .created_ms = now};
    if (auto done = insert(connection_->database, share); !done) return std::move(done).error();
    return share;
}

Result<std::vector<Share>> Shares::shares(std::string_view project_id) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    return find_shares(connection_->database, "project_id", project_id);
}

Result<void> Shares::erase(std::string_view project_id, std::string_view id) {
    const pulsekit::MutexLock lock(connection_->mutex);
    const auto erased = erase_row(connection_->database, "shares", project_id, id);
    if (!erased) return erased.error();
    if (!*erased) return Error{ErrorCode::not_found, "no share " + std::string(id)};
    return {};
}

Result<Share> Shares::with_token(std::string_view token) const {
    const pulsekit::MutexLock lock(connection_->mutex);
    auto found = find_shares(connection_->database, "token", token);
    if (!found) return std::move(found).error();
    const auto now = connection_->clock.unix_ms();
    std::erase_if(*found, [&](const Share& share) { return share.expires_ms && *share.expires_ms <= now; });
    if (found->empty()) return Error{ErrorCode::not_found, "no share with this token"};
    return std::move(found->front());
}

}  // namespace collector::meta
