#include "support/backoff.hpp"

#include <algorithm>

namespace pulsekit {

std::chrono::milliseconds backoff_after(int failures, const BackoffLimits& limits, Random& random,
                                        std::chrono::milliseconds at_least) {
    const int doublings = std::min(failures, 30);
    const auto ceiling = std::min<std::int64_t>(limits.cap.count(), limits.base.count() << doublings);
    const auto jitter = static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(ceiling + 1));
    // Clients that were all told the same Retry-After must not all return at the same instant.
    return at_least.count() > 0 ? at_least + std::chrono::milliseconds(std::min(jitter, at_least.count() / 4 + 1))
                                : std::chrono::milliseconds(jitter);
}

}  // namespace pulsekit
