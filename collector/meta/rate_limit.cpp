#include "meta/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace collector::meta {

RateLimiter::RateLimiter(pulsekit::Clock& clock, double per_second)
    : clock_(clock), per_second_(per_second), capacity_(std::max(1.0, per_second)) {}

std::optional<int> RateLimiter::take(const std::string& name) {
    if (per_second_ <= 0) return std::nullopt;
    const auto now = clock_.monotonic();
    const pulsekit::MutexLock lock(mutex_);
    auto& bucket = buckets_.try_emplace(name, Bucket{capacity_, now}).first->second;
    // Another thread may have read its clock before this one did and come here after it.
    if (now > bucket.filled) {
        const std::chrono::duration<double> passed = now - bucket.filled;
        bucket.tokens = std::min(capacity_, bucket.tokens + passed.count() * per_second_);
        bucket.filled = now;
    }
    if (bucket.tokens < 1) return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second_)));
    bucket.tokens -= 1;
    return std::nullopt;
}

}  // namespace collector::meta
