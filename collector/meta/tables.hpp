// The catalogue's rows.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "crypto/hash.hpp"
#include "meta/catalog.hpp"
#include "support/sqlite/database.hpp"

namespace collector::meta {

struct KeyRow {
    Key key;
    crypto::Digest digest{};
};

/// When a key, by its id, was last used, in milliseconds since 1970.
using Usage = std::pair<std::string, std::int64_t>;

/// Owns the connection. One thread at a time.
class Tables {
public:
    /// Brings the schema up to date.
    static pulsekit::Result<Tables> open(const std::string& path);

    pulsekit::Result<std::vector<Project>> projects();  ///< oldest first; without those that are deleted
    pulsekit::Result<void> insert(const Project& project);
    pulsekit::Result<void> write_name(const Project& project);  ///< and domain
    /// Notes that it is deleted and erases its keys.
    pulsekit::Result<void> bury(std::string_view project_id, std::int64_t now_ms);
    pulsekit::Result<void> write_retention(const Project& project);
    /// What somebody has set of its modules, in place of what was set before.
    pulsekit::Result<void> write_modules(const Project& project);

    pulsekit::Result<std::vector<KeyRow>> keys();  ///< oldest first
    pulsekit::Result<void> insert(const KeyRow& row);
    pulsekit::Result<void> erase_key(std::string_view id);
    /// The old key gives way to the made one: at once, or when it expires.
    pulsekit::Result<void> replace(const Key& old, bool at_once, const KeyRow& made);
    pulsekit::Result<void> write(const std::vector<Usage>& usages);

    /// Made at the first call ever.
    pulsekit::Result<std::string> server_secret(pulsekit::Random& random);

private:
    explicit Tables(pulsekit::sqlite::Database database) : database_(std::move(database)) {}

    pulsekit::sqlite::Database database_;
};

}  // namespace collector::meta
