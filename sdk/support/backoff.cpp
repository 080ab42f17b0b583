#include "support/backoff.hpp"

#include <algorithm>

namespace pulsekit {

std::chrono::milliseconds Backoff::failed(std::chrono::milliseconds at_least) {
    const int doublings = std::min(failures_, 30);
    ++failures_;
    const auto ceiling = std::min<std::int64_t>(limits_.cap.count(), limits_.base.count() << doublings);
    const auto jitter = static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(ceiling + 1));
    // Clients that were all told the same Retry-After must not all return at the same instant.
    return at_least.count() > 0 ? at_least + std::chrono::milliseconds(std::min(jitter, at_least.count() / 4 + 1))
                                : std::chrono::milliseconds(jitter);
}

}  // namespace pulsekit
