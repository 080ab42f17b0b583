#include "meta/rate_limit.hpp"

#include <algorithm>

namespace collector::meta {
namespace {

using Duration = pulsekit::Clock::Duration;
constexpr Duration kSecond = std::chrono::seconds(1);

Duration token_of(double per_second) {
    if (per_second <= 0) return Duration::zero();
    return Duration(static_cast<Duration::rep>(static_cast<double>(kSecond.count()) / per_second));
}

}  // namespace

RateLimiter::RateLimiter(pulsekit::Clock& clock, double per_second)
    : clock_(clock), token_(token_of(per_second)), capacity_(std::max(token_, kSecond)) {}

std::optional<int> RateLimiter::take(const std::string& name, std::optional<RateState>* state) {
    if (token_ == Duration::zero()) return std::nullopt;
    const auto now = clock_.monotonic();
    const pulsekit::MutexLock lock(mutex_);
    auto& bucket = buckets_.try_emplace(name, Bucket{capacity_, now}).first->second;
    // Another thread may have read its clock before this one did and come here after it.
    if (now > bucket.filled) {
        bucket.credit = std::min(capacity_, bucket.credit + (now - bucket.filled));
        bucket.filled = now;
    }
    const bool passes = bucket.credit >= token_;
    if (passes) bucket.credit -= token_;
    if (state) {
        const auto full = std::chrono::milliseconds(clock_.unix_ms()) + (capacity_ - bucket.credit);
        *state = RateState{.limit = capacity_ / token_,
                           .remaining = bucket.credit / token_,
                           .reset_s = (full + kSecond - Duration(1)) / kSecond};
    }
    if (passes) return std::nullopt;
    return static_cast<int>((token_ - bucket.credit + kSecond - Duration(1)) / kSecond);
}

}  // namespace collector::meta
