#include "meta/share_lock.hpp"

#include <chrono>
#include <cstdint>

namespace collector::meta {
namespace {

using pulsekit::Result;

constexpr std::chrono::minutes kWindow(1);
constexpr std::size_t kMaxRemembered = 10'000;  // clients, and shares

std::string secret_of(pulsekit::Random& random) {
    std::string secret;
    for (int i = 0; i < 4; ++i) {
        const std::uint64_t word = random.next();
        secret.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return secret;
}

}  // namespace

ShareLock::ShareLock(pulsekit::Clock& clock, pulsekit::Random& random, Verify verify)
    : clock_(clock), verify_(std::move(verify)), secret_(secret_of(random)) {}

void ShareLock::forget_old(Instant now) {
    for (auto it = tries_.begin(); it != tries_.end();) {
        std::erase_if(it->second.wrong, [&](Instant when) { return when + kWindow <= now; });
        it = it->second.wrong.empty() && it->second.pending == 0 ? tries_.erase(it) : std::next(it);
    }
}

/// Reserves a try; or says why not.
bool ShareLock::begin(const Client& client, Instant now, Verdict& verdict) {
    verdict = {.what = Verdict::What::busy, .retry_after_s = 1};
    if (running_ == kMaxAtOnce) return false;
    const auto known = tries_.find(client);
    if (known == tries_.end() && tries_.size() >= kMaxRemembered) {
        forget_old(now);
        if (tries_.size() >= kMaxRemembered) return false;
    }
    auto& tries = known == tries_.end() ? tries_[client] : known->second;
    if (tries.wrong.size() + tries.pending >= kMaxWrong) return false;  // what is pending may be the last wrong one
    ++running_;
    ++tries.pending;
    return true;
}

Result<ShareLock::Verdict> ShareLock::try_password(const Share& share, std::string_view password,
                                                   const std::string& client) {
    const Client who(share.id, client);
    std::string text = share.id;
    text.append(1, '\0').append(share.password_hash).append(1, '\0').append(password);
    const auto digest = crypto::hmac_sha256(secret_, text);
    Verdict verdict;
    {
        const pulsekit::MutexLock lock(mutex_);
        const auto now = clock_.monotonic();
        if (const auto tries = tries_.find(who); tries != tries_.end()) {
            auto& wrong = tries->second.wrong;
            std::erase_if(wrong, [&](Instant when) { return when + kWindow <= now; });
            if (wrong.size() >= kMaxWrong) {
                const auto left = std::chrono::ceil<std::chrono::seconds>(wrong.front() + kWindow - now);
                return Verdict{.what = Verdict::What::too_often, .retry_after_s = static_cast<int>(left.count())};
            }
        }
        const auto known = right_.find(share.id);
        if (known != right_.end() && crypto::equal(known->second, digest)) return Verdict{};
        if (!begin(who, now, verdict)) return verdict;
    }
    const auto is_right = verify_(password, share.password_hash);
    const pulsekit::MutexLock lock(mutex_);
    --running_;
    auto& tries = tries_[who];
    --tries.pending;
    if (!is_right) return is_right.error();
    if (!*is_right) {
        tries.wrong.push_back(clock_.monotonic());
        return Verdict{.what = Verdict::What::wrong};
    }
    if (right_.size() >= kMaxRemembered) right_.clear();
    right_.insert_or_assign(share.id, digest);
    return Verdict{};
}

}  // namespace collector::meta
