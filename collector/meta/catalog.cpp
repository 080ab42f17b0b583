#include "meta/catalog.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <shared_mutex>
#include <unordered_map>

#include "crypto/hash.hpp"
#include "meta/tables.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::int64_t kFlushEveryMs = 60'000;
constexpr std::size_t kSecretCharacters = 24;
constexpr std::size_t kShownCharacters = 12;

/// What the map is searched by. The digest itself is then compared in constant time.
std::uint64_t slot_of(const crypto::Digest& digest) {
    std::uint64_t slot = 0;
    std::memcpy(&slot, digest.data(), sizeof slot);
    return slot;
}

/// An imported key may be short; half of it at most is ever shown.
std::string masked(std::string_view secret) {
    return std::string(secret.substr(0, std::min(kShownCharacters, secret.size() / 2))) + "...";
}

std::string new_secret(pulsekit::Random& random) {
    return "pa_live_" + pulsekit::random_token(random, kSecretCharacters);
}

Error no_project(std::string_view id) { return {ErrorCode::not_found, "no project " + std::string(id)}; }
Error no_key(std::string_view id) { return {ErrorCode::not_found, "no key " + std::string(id)}; }

/// A key in memory. Shared by the map and the readers that found it there just before it was revoked.
struct Entry {
    std::shared_ptr<const Key> key;  // its last_used_ms is not kept up to date: used_ms is
    crypto::Digest digest{};
    std::atomic<std::int64_t> used_ms{0};  // 0: never
    std::atomic<bool> unwritten{false};    // used_ms is newer than the database's

    Key snapshot() const {
        Key copy = *key;
        if (const auto used = used_ms.load(std::memory_order_relaxed); used != 0) copy.last_used_ms = used;
        return copy;
    }
};

}  // namespace

std::vector<ModuleSetting> default_modules() {
    std::vector<ModuleSetting> settings;
    for (const auto& module : model::modules()) {
        settings.push_back({.enabled = module.on_by_default, .access = module.default_access});
    }
    return settings;
}

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
    Impl(Tables rows, pulsekit::Clock& time, pulsekit::Random& chance)
        : clock(time), random(chance), ids(chance), tables(std::move(rows)), flushed_ms(time.unix_ms()) {}

    Result<void> load() PULSEKIT_REQUIRES(writing);
    Result<void> write_usage() PULSEKIT_REQUIRES(writing);
    void add(std::shared_ptr<Entry> entry);
    std::shared_ptr<Entry> find(const crypto::Digest& digest) const;
    std::shared_ptr<const Project> project(std::string_view id) const;
    void replace(const std::shared_ptr<const Project>& known, std::shared_ptr<const Project> changed);
    using Keys = std::vector<std::shared_ptr<Entry>>;
    Keys::iterator find_key(std::string_view project_id, std::string_view key_id) PULSEKIT_REQUIRES(writing);
    void remove(Keys::iterator key);
    void replace(Keys::iterator key, Key changed);

    pulsekit::Clock& clock;
    pulsekit::Random& random;
    pulsekit::Mutex writing;
    pulsekit::UuidGenerator ids PULSEKIT_GUARDED_BY(writing);
    Tables tables PULSEKIT_GUARDED_BY(writing);
    std::int64_t flushed_ms PULSEKIT_GUARDED_BY(writing);
    std::string server_secret;  // constant after load()

    mutable std::shared_mutex reading;
    std::vector<std::shared_ptr<const Project>> projects;  // in order of creation; a change takes a copy's place
    Keys keys;                                             // in order of creation
    std::unordered_multimap<std::uint64_t, std::shared_ptr<Entry>> by_slot;
};

void Catalog::Impl::add(std::shared_ptr<Entry> entry) {
    const std::unique_lock exclusive(reading);
    keys.push_back(entry);
    by_slot.emplace(slot_of(entry->digest), std::move(entry));
}

Result<void> Catalog::Impl::load() {
    auto stored_projects = tables.projects();
    if (!stored_projects) return std::move(stored_projects).error();
    for (auto& project : *stored_projects) projects.push_back(std::make_shared<const Project>(std::move(project)));
    auto stored_keys = tables.keys();
    if (!stored_keys) return std::move(stored_keys).error();
    for (auto& row : *stored_keys) {
        auto entry = std::make_shared<Entry>();
        entry->used_ms = row.key.last_used_ms.value_or(0);
        entry->key = std::make_shared<const Key>(std::move(row.key));
        entry->digest = row.digest;
        add(std::move(entry));
    }
    auto secret = tables.server_secret(random);
    if (!secret) return std::move(secret).error();
    server_secret = *std::move(secret);
    return {};
}

Result<void> Catalog::Impl::write_usage() {
    std::vector<std::shared_ptr<Entry>> used;
    std::vector<Usage> usages;
    {
        const std::shared_lock lock(reading);
        for (const auto& entry : keys) {
            if (!entry->unwritten.exchange(false)) continue;
            used.push_back(entry);
            usages.emplace_back(entry->key->id, entry->used_ms.load());
        }
    }
    flushed_ms = clock.unix_ms();
    if (usages.empty()) return {};
    auto written = tables.write(usages);
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

std::shared_ptr<const Project> Catalog::Impl::project(std::string_view id) const {
    const std::shared_lock lock(reading);
    for (const auto& known : projects) {
        if (known->id == id) return known;
    }
    return nullptr;
}

void Catalog::Impl::replace(const std::shared_ptr<const Project>& known, std::shared_ptr<const Project> changed) {
    const std::unique_lock exclusive(reading);
    std::replace(projects.begin(), projects.end(), known, std::move(changed));
}

/// Only holders of `writing` change the list, so that it can be read here without `reading`.
Catalog::Impl::Keys::iterator Catalog::Impl::find_key(std::string_view project_id, std::string_view key_id) {
    return std::find_if(keys.begin(), keys.end(), [&](const std::shared_ptr<Entry>& entry) {
        return entry->key->id == key_id && entry->key->project_id == project_id;
    });
}

void Catalog::Impl::remove(Keys::iterator key) {
    const std::unique_lock exclusive(reading);
    std::erase_if(by_slot, [&](const auto& slot) { return slot.second == *key; });
    keys.erase(key);
}

/// Readers look at an entry's key without a lock: another entry takes its place.
void Catalog::Impl::replace(Keys::iterator key, Key changed) {
    auto entry = std::make_shared<Entry>();
    entry->key = std::make_shared<const Key>(std::move(changed));
    entry->digest = (*key)->digest;
    const std::unique_lock exclusive(reading);
    entry->used_ms = (*key)->used_ms.load();
    entry->unwritten = (*key)->unwritten.load();
    for (auto& [slot, known] : by_slot) {
        if (known == *key) known = entry;
    }
    *key = std::move(entry);
}

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Catalog::~Catalog() { (void)flush(); }

Result<std::unique_ptr<Catalog>> Catalog::open(const std::string& database_path, pulsekit::Clock& clock,
                                               pulsekit::Random& random) {
    auto tables = Tables::open(database_path);
    if (!tables) return std::move(tables).error();
    auto impl = std::make_unique<Impl>(*std::move(tables), clock, random);
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
    if (auto done = impl_->tables.insert(project); !done) return std::move(done).error();
    const std::unique_lock exclusive(impl_->reading);
    impl_->projects.push_back(std::make_shared<const Project>(project));
    return project;
}

std::vector<Project> Catalog::projects() const {
    const std::shared_lock lock(impl_->reading);
    std::vector<Project> all;
    for (const auto& project : impl_->projects) all.push_back(*project);
    return all;
}

std::shared_ptr<const Project> Catalog::project(std::string_view id) const { return impl_->project(id); }

Result<std::string> Catalog::project_called(std::string_view id_or_name) {
    for (const auto& project : projects()) {
        if (project.id == id_or_name || project.name == id_or_name) return project.id;
    }
    auto created = create_project(id_or_name, "");
    if (!created) return std::move(created).error();
    return created->id;
}

Result<Project> Catalog::change_project(std::string_view id, const ProjectChange& change) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto known = impl_->project(id);
    if (!known) return no_project(id);
    Project changed = *known;
    if (change.name) changed.name = *change.name;
    if (change.domain) changed.domain = *change.domain;
    if (auto done = impl_->tables.write_name(changed); !done) return std::move(done).error();
    impl_->replace(known, std::make_shared<const Project>(changed));
    return changed;
}

Result<void> Catalog::delete_project(std::string_view id) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto known = impl_->project(id);
    if (!known) return no_project(id);
    if (auto done = impl_->tables.bury(id, impl_->clock.unix_ms()); !done) return done;
    const std::unique_lock exclusive(impl_->reading);
    const auto is_its = [&](const std::shared_ptr<Entry>& entry) { return entry->key->project_id == id; };
    std::erase_if(impl_->by_slot, [&](const auto& slot) { return is_its(slot.second); });
    std::erase_if(impl_->keys, is_its);
    std::erase(impl_->projects, known);
    return {};
}

Result<void> Catalog::change_modules(std::string_view project_id, const std::vector<ModuleChange>& changes) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto known = impl_->project(project_id);
    if (!known) return no_project(project_id);
    auto changed = std::make_shared<Project>(*known);
    for (const auto& change : changes) {
        auto& setting = changed->modules[change.module];
        const bool first_enabled = !setting.configured && change.enabled.value_or(false);
        if (change.access) setting.access = *change.access;
        if (first_enabled && !change.access) setting.access = model::ModuleAccess::all;
        setting.enabled = change.enabled.value_or(setting.enabled);
        // Who switches off what was never on has said nothing about its access.
        const bool as_by_default = setting.enabled == model::modules()[change.module].on_by_default;
        if (change.access || first_enabled || !as_by_default) setting.configured = true;
    }
    if (auto done = impl_->tables.write_modules(*changed); !done) return done;
    impl_->replace(known, std::move(changed));
    return {};
}

Result<void> Catalog::set_retention(std::string_view project_id, std::optional<std::int64_t> days) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto known = impl_->project(project_id);
    if (!known) return no_project(project_id);
    auto changed = std::make_shared<Project>(*known);
    changed->retention_days = days;
    if (auto done = impl_->tables.write_retention(*changed); !done) return done;
    impl_->replace(known, std::move(changed));
    return {};
}

Result<CreatedKey> Catalog::create_key(const NewKey& wanted) {
    const pulsekit::MutexLock lock(impl_->writing);
    if (!impl_->project(wanted.project_id)) return no_project(wanted.project_id);
    std::string secret = wanted.secret.empty() ? new_secret(impl_->random) : wanted.secret;
    auto entry = std::make_shared<Entry>();
    entry->digest = crypto::sha256(secret);
    if (impl_->find(entry->digest)) return Error{ErrorCode::conflict, "the key " + masked(secret) + " is in use"};
    const auto now = impl_->clock.unix_ms();
    entry->key = std::make_shared<const Key>(Key{.id = "key-" + impl_->ids.next(now).text(),
                                                 .project_id = wanted.project_id,
                                                 .name = wanted.name,
                                                 .key_prefix = masked(secret),
                                                 .scopes = wanted.scopes,
                                                 .allowed_modules = wanted.allowed_modules,
                                                 .expires_ms = wanted.expires_ms,
                                                 .created_ms = now});
    auto stored = impl_->tables.insert(KeyRow{.key = *entry->key, .digest = entry->digest});
    if (!stored) return std::move(stored).error();
    impl_->add(entry);
    return CreatedKey{.key = *entry->key, .secret = std::move(secret)};
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
        if (entry->key->project_id == project_id) found.push_back(entry->snapshot());
    }
    return found;
}

Result<void> Catalog::revoke_key(std::string_view project_id, std::string_view key_id) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto found = impl_->find_key(project_id, key_id);
    if (found == impl_->keys.end()) return no_key(key_id);
    if (auto done = impl_->tables.erase_key(key_id); !done) return done;
    impl_->remove(found);
    return {};
}

Result<CreatedKey> Catalog::rotate_key(std::string_view project_id, std::string_view key_id, std::int64_t overlap_s) {
    const pulsekit::MutexLock lock(impl_->writing);
    const auto found = impl_->find_key(project_id, key_id);
    if (found == impl_->keys.end()) return no_key(key_id);
    const auto now = impl_->clock.unix_ms();
    Key old = (*found)->snapshot();
    if (old.expires_ms && *old.expires_ms <= now)
        return Error{ErrorCode::invalid, "the key " + old.id + " has expired"};
    auto made = old;
    made.id = "key-" + impl_->ids.next(now).text();
    made.created_ms = now;
    made.last_used_ms.reset();
    const std::string secret = new_secret(impl_->random);
    auto entry = std::make_shared<Entry>();
    entry->digest = crypto::sha256(secret);
    made.key_prefix = masked(secret);
    entry->key = std::make_shared<const Key>(made);
    old.expires_ms = std::min(old.expires_ms.value_or(now + overlap_s * 1000), now + overlap_s * 1000);
    auto done = impl_->tables.replace(old, overlap_s == 0, {.key = made, .digest = entry->digest});
    if (!done) return std::move(done).error();
    if (overlap_s == 0) {
        impl_->remove(found);
    } else {
        impl_->replace(found, std::move(old));
    }
    impl_->add(std::move(entry));
    return CreatedKey{.key = std::move(made), .secret = secret};
}

std::shared_ptr<const Key> Catalog::find_key(std::string_view secret) {
    const auto entry = impl_->find(crypto::sha256(secret));
    if (!entry) return nullptr;
    const auto now = impl_->clock.unix_ms();
    // Whole seconds are what is shown; storing less often keeps the line in every processor's cache.
    if (now / 1000 != entry->used_ms.load(std::memory_order_relaxed) / 1000) {
        entry->used_ms.store(now, std::memory_order_relaxed);
        entry->unwritten = true;
    }
    return entry->key;
}

Result<void> Catalog::flush() {
    const pulsekit::MutexLock lock(impl_->writing);
    return impl_->write_usage();
}

const std::string& Catalog::server_secret() const { return impl_->server_secret; }

}  // namespace collector::meta
