#include "meta/catalog.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <shared_mutex>
#include <unordered_map>

#include "crypto/hash.hpp"
#include "embedded/meta.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"
#include "support/sqlite/migrate.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;

constexpr std::int64_t kFlushEveryMs = 60'000;
constexpr std::size_t kSecretCharacters = 24;
constexpr std::size_t kShownCharacters = 12;

std::string_view bytes_of(const crypto::Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// What the map is searched by. The digest itself is then compared in constant time.
std::uint64_t slot_of(const crypto::Digest& digest) {
    std::uint64_t slot = 0;
    std::memcpy(&slot, digest.data(), sizeof slot);
    return slot;
}

std::string join(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        names.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return names;
}

std::string scopes_text(const std::vector<Scope>& scopes) {
    std::vector<std::string> names;
    for (const Scope scope : scopes) names.emplace_back(name_of(scope));
    return join(names);
}

/// An imported key may be short; half of it at most is ever shown.
std::string masked(std::string_view secret) {
    return std::string(secret.substr(0, std::min(kShownCharacters, secret.size() / 2))) + "...";
}

void bind_optional(pulsekit::sqlite::Statement& statement, int parameter, const std::optional<std::int64_t>& value) {
    if (value) {
        statement.bind(parameter, *value);
    } else {
        statement.bind_null(parameter);
    }
}

std::optional<std::int64_t> optional_integer(const pulsekit::sqlite::Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.integer(column);
}

/// A key in memory. Shared by the map and the readers that found it there just before it was revoked.
struct Entry {
    Key key;  // its last_used_ms is not kept up to date: used_ms is
    crypto::Digest digest{};
    std::atomic<std::int64_t> used_ms{0};  // 0: never
    std::atomic<bool> unwritten{false};    // used_ms is newer than the database's

    Key snapshot() const {
        Key copy = key;
        if (const auto used = used_ms.load(std::memory_order_relaxed); used != 0) copy.last_used_ms = used;
        return copy;
    }
};

}  // namespace

std::string_view name_of(Scope scope) {
    switch (scope) {
        case Scope::ingest: return "ingest";
        case Scope::query: return "query";
        case Scope::admin: return "admin";
    }
    return "ingest";
}

std::optional<Scope> scope_named(std::string_view name) {
    for (const Scope scope : {Scope::ingest, Scope::query, Scope::admin}) {
        if (name_of(scope) == name) return scope;
    }
    return std::nullopt;
}

// Two locks, taken in this order: `writing` for the connection, `reading` for what is in memory. A reader waits for no
// disk: `reading` is never held across a statement.
struct Catalog::Impl {
    Impl(Database connection, pulsekit::Clock& time, pulsekit::Random& chance)
        : clock(time), random(chance), ids(chance), database(std::move(connection)) {}

    Result<void> load();
    Result<void> load_projects();
    Result<void> load_keys();
    Result<void> load_secret();
    Result<void> insert(const Key& key, const crypto::Digest& digest);
    Result<void> write_usage();
    std::shared_ptr<Entry> find(const crypto::Digest& digest) const;
    bool has_project(std::string_view id) const;

    pulsekit::Clock& clock;
    pulsekit::Random& random;
    pulsekit::Mutex writing;
    pulsekit::UuidGenerator ids PULSEKIT_GUARDED_BY(writing);
    Database database PULSEKIT_GUARDED_BY(writing);
    std::int64_t flushed_ms PULSEKIT_GUARDED_BY(writing) = 0;
    std::string server_secret;  // constant after load()

    mutable std::shared_mutex reading;
    std::vector<Project> projects;             // in order of creation
    std::vector<std::shared_ptr<Entry>> keys;  // in order of creation
    std::unordered_multimap<std::uint64_t, std::shared_ptr<Entry>> by_slot;
};

Result<void> Catalog::Impl::load_projects() {
    auto rows = database.prepare("SELECT id, name, domain, created_ms FROM projects ORDER BY seq");
    if (!rows) return std::move(rows).error();
    for (;;) {
        const auto more = rows->step();
        if (!more) return more.error();
        if (!*more) return {};
        projects.push_back({.id = std::string(rows->text(0)),
                            .name = std::string(rows->text(1)),
                            .domain = std::string(rows->text(2)),
                            .created_ms = rows->integer(3)});
    }
}

Result<void> Catalog::Impl::load_keys() {
    auto rows = database.prepare(
        "SELECT id, project_id, name, key_prefix, scopes, allowed_modules, expires_ms, "
        "last_used_ms, created_ms, digest FROM api_keys ORDER BY seq");
    if (!rows) return std::move(rows).error();
    for (;;) {
        const auto more = rows->step();
        if (!more) return more.error();
        if (!*more) return {};
        auto entry = std::make_shared<Entry>();
        entry->key = {.id = std::string(rows->text(0)),
                      .project_id = std::string(rows->text(1)),
                      .name = std::string(rows->text(2)),
                      .key_prefix = std::string(rows->text(3)),
                      .allowed_modules = split(rows->text(5)),
                      .expires_ms = optional_integer(*rows, 6),
                      .created_ms = rows->integer(8)};
        for (const auto& name : split(rows->text(4))) {
            if (const auto scope = scope_named(name)) entry->key.scopes.push_back(*scope);
        }
        entry->used_ms = optional_integer(*rows, 7).value_or(0);
        const auto digest = rows->blob(9);
        if (digest.size() != entry->digest.size()) return Error{ErrorCode::corrupt, "a stored key has no digest"};
        std::copy(digest.begin(), digest.end(), entry->digest.begin());
        keys.push_back(entry);
        by_slot.emplace(slot_of(entry->digest), entry);
    }
}

Result<void> Catalog::Impl::load_secret() {
    std::string made;
    for (int i = 0; i < 4; ++i) {
        const std::uint64_t word = random.next();
        made.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    auto insert = database.prepare("INSERT OR IGNORE INTO secrets (name, bytes) VALUES ('server_secret', ?)");
    if (!insert) return std::move(insert).error();
    insert->bind_blob(1, made);
    if (auto done = insert->run(); !done) return done;
    auto select = database.prepare("SELECT bytes FROM secrets WHERE name = 'server_secret'");
    if (!select) return std::move(select).error();
    const auto row = select->step();
    if (!row) return row.error();
    server_secret = select->blob(0);
    return {};
}

Result<void> Catalog::Impl::load() {
    // FULL: a key that was shown to somebody, or revoked, must be so after a power failure too.
    if (auto set = database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
        !set) {
        return set;
    }
    const std::vector<pulsekit::sqlite::Migration> migrations = {{1, embedded::k0001_projects_and_keys_sql}};
    if (auto done = pulsekit::sqlite::migrate(database, "meta", migrations); !done) return done;
    if (auto done = load_projects(); !done) return done;
    if (auto done = load_keys(); !done) return done;
    flushed_ms = clock.unix_ms();
    return load_secret();
}

Result<void> Catalog::Impl::insert(const Key& key, const crypto::Digest& digest) {
    auto row = database.prepare(
        "INSERT INTO api_keys (id, project_id, name, digest, key_prefix, scopes, "
        "allowed_modules, expires_ms, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, key.id);
    row->bind(2, key.project_id);
    row->bind(3, key.name);
    row->bind_blob(4, bytes_of(digest));
    row->bind(5, key.key_prefix);
    row->bind(6, scopes_text(key.scopes));
    row->bind(7, join(key.allowed_modules));
    bind_optional(*row, 8, key.expires_ms);
    row->bind(9, key.created_ms);
    return row->run();
}

Result<void> Catalog::Impl::write_usage() {
    std::vector<std::shared_ptr<Entry>> used;
    {
        const std::shared_lock lock(reading);
        for (const auto& entry : keys) {
            if (entry->unwritten.exchange(false)) used.push_back(entry);
        }
    }
    flushed_ms = clock.unix_ms();
    if (used.empty()) return {};
    const auto write = [&]() -> Result<void> {
        auto transaction = pulsekit::sqlite::Transaction::begin(database);
        if (!transaction) return std::move(transaction).error();
        auto update = database.prepare("UPDATE api_keys SET last_used_ms = ? WHERE id = ?");
        if (!update) return std::move(update).error();
        for (const auto& entry : used) {
            update->bind(1, entry->used_ms.load());
            update->bind(2, entry->key.id);
            if (auto done = update->run(); !done) return done;
        }
        return transaction->commit();
    };
    auto written = write();
    if (!written) {
        for (const auto& entry : used) entry->unwritten = true;
    }
    return written;
}

std::shared_ptr<Entry> Catalog::Impl::find(const crypto::Digest& digest) const {
    const std::shared_lock lock(reading);
    const auto [first, last] = by_slot.equal_range(slot_of(digest));
    for (auto it = first; it != last; ++it) {
        if (crypto::equal(it->second->digest, digest)) return it->second;
    }
    return nullptr;
}

bool Catalog::Impl::has_project(std::string_view id) const {
    const std::shared_lock lock(reading);
    return std::any_of(projects.begin(), projects.end(), [&](const Project& project) { return project.id == id; });
}

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Catalog::~Catalog() { (void)flush(); }

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& database_path, pulsekit::Clock& clock,
                                               pulsekit::Random& random) {
    auto database = Database::open(database_path, pulsekit::sqlite::Access::create);
    if (!database) return std::move(database).error();
    auto impl = std::make_unique<Impl>(std::move(*database), clock, random);
    {
        const pulsekit::MutexLock lock(impl->writing);
        if (auto loaded = impl->load(); !loaded) return std::move(loaded).error();
    }
    return std::unique_ptr<Catalog>(new Catalog(std::move(impl)));
}

Result<Project> Catalog::create_project(std::string_view name, std::string_view domain) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto now = impl_->clock.unix_ms();
    Project project{
        .id = impl_->ids.next(now).text(), .name = std::string(name), .domain = std::string(domain), .created_ms = now};
    auto row = impl_->database.prepare("INSERT INTO projects (id, name, domain, created_ms) VALUES (?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, project.id);
    row->bind(2, project.name);
    row->bind(3, project.domain);
    row->bind(4, project.created_ms);
    if (auto done = row->run(); !done) return std::move(done).error();
    const std::unique_lock exclusive(impl_->reading);
    impl_->projects.push_back(project);
    return project;
}

std::vector<Project> Catalog::projects() const {
    const std::shared_lock lock(impl_->reading);
    return impl_->projects;
}

std::optional<Project> Catalog::project(std::string_view id) const {
    const std::shared_lock lock(impl_->reading);
    for (const auto& project : impl_->projects) {
        if (project.id == id) return project;
    }
    return std::nullopt;
}

Result<CreatedKey> Catalog::create_key(const NewKey& wanted) {
    const pulsekit::MutexLock lock(impl_->writing);
    if (!impl_->has_project(wanted.project_id)) return Error{ErrorCode::not_found, "no project " + wanted.project_id};
    std::string secret = wanted.secret;
    if (secret.empty()) secret = "pa_live_" + pulsekit::random_token(impl_->random, kSecretCharacters);
    auto entry = std::make_shared<Entry>();
    entry->digest = crypto::sha256(secret);
    if (impl_->find(entry->digest)) return Error{ErrorCode::conflict, "the key " + masked(secret) + " is in use"};
    const auto now = impl_->clock.unix_ms();
    entry->key = {.id = "key-" + impl_->ids.next(now).text(),
                  .project_id = wanted.project_id,
                  .name = wanted.name,
                  .key_prefix = masked(secret),
                  .scopes = wanted.scopes,
                  .allowed_modules = wanted.allowed_modules,
                  .expires_ms = wanted.expires_ms,
                  .created_ms = now};
    if (auto done = impl_->insert(entry->key, entry->digest); !done) return std::move(done).error();
    const std::unique_lock exclusive(impl_->reading);
    impl_->keys.push_back(entry);
    impl_->by_slot.emplace(slot_of(entry->digest), entry);
    return CreatedKey{.key = entry->key, .secret = std::move(secret)};
}

std::vector<Key> Catalog::keys(std::string_view project_id) const {
    {
        const pulsekit::MutexLock lock(impl_->writing);
        // A failure costs nothing here: the next flush tries again.
        if (impl_->clock.unix_ms() - impl_->flushed_ms >= kFlushEveryMs) (void)impl_->write_usage();
    }
    const std::shared_lock lock(impl_->reading);
    std::vector<Key> found;
    for (const auto& entry : impl_->keys) {
        if (entry->key.project_id == project_id) found.push_back(entry->snapshot());
    }
    return found;
}

Result<void> Catalog::revoke_key(std::string_view project_id, std::string_view key_id) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto matches = [&](const std::shared_ptr<Entry>& entry) {
        return entry->key.id == key_id && entry->key.project_id == project_id;
    };
    // Only holders of `writing` change the list, so that it can be read here without `reading`.
    const auto found = std::find_if(impl_->keys.begin(), impl_->keys.end(), matches);
    if (found == impl_->keys.end()) return Error{ErrorCode::not_found, "no key " + std::string(key_id)};
    auto row = impl_->database.prepare("DELETE FROM api_keys WHERE id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, key_id);
    if (auto done = row->run(); !done) return done;
    const std::unique_lock exclusive(impl_->reading);
    std::erase_if(impl_->by_slot, [&](const auto& slot) { return slot.second == *found; });
    impl_->keys.erase(found);
    return {};
}

std::optional<Key> Catalog::find_key(std::string_view secret) {
    const auto entry = impl_->find(crypto::sha256(secret));
    if (!entry) return std::nullopt;
    const auto now = impl_->clock.unix_ms();
    // Whole seconds are what is shown; storing less often keeps the line in every processor's cache.
    if (now / 1000 != entry->used_ms.load(std::memory_order_relaxed) / 1000) {
        entry->used_ms.store(now, std::memory_order_relaxed);
        entry->unwritten = true;
    }
    return entry->snapshot();
}

Result<void> Catalog::flush() {
    const pulsekit::MutexLock lock(impl_->writing);
    return impl_->write_usage();
}

const std::string& Catalog::server_secret() const { return impl_->server_secret; }

}  // namespace collector::meta
