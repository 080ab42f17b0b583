// Shared dashboards: what of a project whoever has a token may read, if he also knows the password.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace collector::meta {

struct Connection;

struct NewShare {
    std::string name;
    std::vector<std::string> modules;
    std::string password;  ///< empty: none is asked for
    std::optional<std::int64_t> expires_ms;
};

struct Share {
    std::string id;
    std::string project_id;
    std::string name;
    std::string token;                 ///< 192 random bits, of characters that need no escape in an address
    std::vector<std::string> modules;  ///< names of modules
    std::string password_hash;         ///< as crypto/password.hpp keeps it; empty: there is no password
    std::optional<std::int64_t> expires_ms;
    std::int64_t created_ms = 0;
};

/// Owns its connection to the metadata database. Lists are oldest first. A share of another project is as good as none:
/// `not_found`. Thread safe.
class Shares {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Shares>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                          pulsekit::Random& random);
    ~Shares();

    /// Hashes the password, which takes a while.
    pulsekit::Result<Share> create(std::string_view project_id, const NewShare& wanted);
    pulsekit::Result<std::vector<Share>> shares(std::string_view project_id) const;
    pulsekit::Result<void> erase(std::string_view project_id, std::string_view id);
    /// Error `not_found`: there is none with the token, or it has expired.
    pulsekit::Result<Share> with_token(std::string_view token) const;

private:
    explicit Shares(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

}  // namespace collector::meta
