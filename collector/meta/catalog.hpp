// Projects and their keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "model/module.hpp"

namespace collector::meta {

enum class Scope { ingest, query, admin };

std::string_view name_of(Scope scope);
std::optional<Scope> scope_named(std::string_view name);

/// What a project has decided about a module.
struct ModuleSetting {
    bool enabled = false;
    model::ModuleAccess access = model::ModuleAccess::read;
    bool configured = false;  ///< somebody has set it; else it is as modules are by default
};

/// As they are where nobody has set anything, in the order of model::modules().
std::vector<ModuleSetting> default_modules();

/// What to change; what is absent stays.
struct ModuleChange {
    std::size_t module = 0;  ///< index into model::modules()
    std::optional<bool> enabled;
    std::optional<model::ModuleAccess> access;
};

/// Likewise of a project.
struct ProjectChange {
    std::optional<std::string> name;
    std::optional<std::string> domain;
};

inline constexpr std::int64_t kMaxRetentionDays = 36'500;

struct Project {
    std::string id;
    std::string name;
    std::string domain;
    std::int64_t created_ms = 0;
    std::optional<std::int64_t> retention_days;              ///< nothing: events are kept for ever
    std::vector<ModuleSetting> modules = default_modules();  ///< in the order of model::modules()
};

/// What is kept of a key: never the key itself.
struct Key {
    std::string id;
    std::string project_id;
    std::string name;
    std::string key_prefix;  ///< masked form: the first 12 characters and `...`
    std::vector<Scope> scopes;
    std::vector<std::string> allowed_modules;  ///< empty: all
    std::optional<std::int64_t> expires_ms;
    std::optional<std::int64_t> last_used_ms;
    std::int64_t created_ms = 0;
};

struct NewKey {
    std::string project_id;
    std::string name;
    std::vector<Scope> scopes;
    std::vector<std::string> allowed_modules;
    std::optional<std::int64_t> expires_ms;
    std::string secret;  ///< empty: the catalog makes one; else an imported key of any shape
};

struct CreatedKey {
    Key key;
    std::string secret;  ///< shown this once
};

/// Owns its connection to the metadata database; keys are also held in memory, so that looking one up touches no disk.
/// Thread safe.
class Catalog {
public:
    static pulsekit::Result<std::unique_ptr<Catalog>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                           pulsekit::Random& random);
    ~Catalog();

    pulsekit::Result<Project> create_project(std::string_view name, std::string_view domain);
    std::vector<Project> projects() const;                              ///< oldest first
    std::shared_ptr<const Project> project(std::string_view id) const;  ///< null when there is none
    /// The project of that id or name, made when there is none.
    pulsekit::Result<std::string> project_called(std::string_view id_or_name);

    /// Error `not_found` without its project.
    pulsekit::Result<Project> change_project(std::string_view id, const ProjectChange& change);
    /// When this returns the project is in no list and its keys are dead; the rest of its data is for Deletions and the
    /// event store to erase. Error `not_found` without its project.
    pulsekit::Result<void> delete_project(std::string_view id);

    /// All of the changes or none, in effect when this returns. A module that was never configured gets full access
    /// when it is first enabled without a word about access. Error `not_found` without its project.
    pulsekit::Result<void> change_modules(std::string_view project_id, const std::vector<ModuleChange>& changes);

    /// How many days events are kept. Error `not_found` without its project.
    pulsekit::Result<void> set_retention(std::string_view project_id, std::optional<std::int64_t> days);

    /// Errors: `not_found` without its project; `conflict` when an imported secret is in use.
    pulsekit::Result<CreatedKey> create_key(const NewKey& key);
    std::vector<Key> keys(std::string_view project_id) const;  ///< oldest first
    /// The key is dead when this returns. Error `not_found`: the project has no such key.
    pulsekit::Result<void> revoke_key(std::string_view project_id, std::string_view key_id);
    /// A key like that one in its place. The old one stays valid for `overlap_s` seconds, or for as long as it would
    /// have been; without overlap it is dead when this returns. Errors: `not_found`; `invalid` when it has expired.
    pulsekit::Result<CreatedKey> rotate_key(std::string_view project_id, std::string_view key_id,
                                            std::int64_t overlap_s);

    /// The key with this secret, expired or not, or null; its last use is noted, and shown by keys(). Shared: a request
    /// goes on with what it found, whatever is revoked meanwhile.
    std::shared_ptr<const Key> find_key(std::string_view secret);

    /// Writes what find_key() noted. keys() and the destructor do so too, keys() at most once a minute; a scheduler
    /// that calls it each minute bounds what a crash forgets.
    pulsekit::Result<void> flush();

    /// 32 random bytes made when the database was, the same at each start: keys the visitor hash.
    const std::string& server_secret() const;

private:
    struct Impl;
    explicit Catalog(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::meta
