// Who has found out a share's password, and how often somebody may try.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "crypto/hash.hpp"
#include "crypto/password.hpp"
#include "meta/shares.hpp"
#include "support/mutex.hpp"

namespace collector::meta {

/// Thread safe. What it knows is in memory alone.
class ShareLock {
public:
    using Verify = std::function<pulsekit::Result<bool>(std::string_view password, std::string_view hash)>;

    /// `clock` outlives it. `verify` is slow, and run by at most kMaxAtOnce threads at a time.
    ShareLock(pulsekit::Clock& clock, pulsekit::Random& random, Verify verify = crypto::is_password);

    struct Verdict {
        enum class What {
            right,
            wrong,
            too_often,  ///< the client has been wrong so often that it is not asked any more, whatever it says
            busy,       ///< others' passwords are being looked at: try again
        } what = What::right;
        int retry_after_s = 0;  ///< of the last two, at least 1
    };

    /// Whether the client, told apart by its address, knows the password that the share has. A password that was right
    /// is known again at once, so that the reports of a dashboard can be asked for together. Errors: as of `verify`.
    pulsekit::Result<Verdict> try_password(const Share& share, std::string_view password, const std::string& client);

    static constexpr std::size_t kMaxWrong = 5;  ///< of a client at a share in a minute
    static constexpr int kMaxAtOnce = 2;

private:
    using Instant = pulsekit::Clock::Duration;
    using Client = std::pair<std::string, std::string>;  // the share's id, the address
    struct Tries {
        std::vector<Instant> wrong;  // within the last minute, oldest first
        std::size_t pending = 0;     // being looked at: each may turn out wrong
    };

    void forget_old(Instant now) PULSEKIT_REQUIRES(mutex_);
    bool begin(const Client& client, Instant now, Verdict& verdict) PULSEKIT_REQUIRES(mutex_);

    pulsekit::Clock& clock_;
    const Verify verify_;
    const std::string secret_;  // keys the fast hash of passwords that were right
    pulsekit::Mutex mutex_;
    int running_ PULSEKIT_GUARDED_BY(mutex_) = 0;
    std::map<Client, Tries> tries_ PULSEKIT_GUARDED_BY(mutex_);
    std::map<std::string, crypto::Digest> right_ PULSEKIT_GUARDED_BY(mutex_);  // by the share's id
};

}  // namespace collector::meta
