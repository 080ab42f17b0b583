// Token buckets: how many requests a second somebody may make.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include <pulsekit/environment.hpp>

#include "support/mutex.hpp"

namespace collector::meta {

/// What a bucket holds, for clients that ask how much they may still send.
struct RateState {
    std::int64_t limit = 0;      ///< requests when it is full
    std::int64_t remaining = 0;  ///< requests that would pass now
    std::int64_t reset_s = 0;    ///< when it is full again, seconds since 1970
};

/// One bucket a name, full when first seen; its capacity is one second's worth, and at least one request. Names must
/// come from what was authenticated: a bucket is never forgotten. Thread safe.
class RateLimiter {
public:
    /// `per_second` 0: off.
    RateLimiter(pulsekit::Clock& clock, double per_second);

    /// Takes a token. Nothing: it may pass; else the whole seconds, at least 1, after which one will. Tells the
    /// bucket's state afterwards, when there is a limit and somebody asks.
    std::optional<int> take(const std::string& name, std::optional<RateState>* state = nullptr);

private:
    // A token is the time in which one comes: whole nanoseconds add up without rounding.
    struct Bucket {
        pulsekit::Clock::Duration credit;
        pulsekit::Clock::Duration filled;  // when `credit` was true
    };

    pulsekit::Clock& clock_;
    const pulsekit::Clock::Duration token_;  // zero: off
    const pulsekit::Clock::Duration capacity_;
    pulsekit::Mutex mutex_;
    std::unordered_map<std::string, Bucket> buckets_ PULSEKIT_GUARDED_BY(mutex_);
};

}  // namespace collector::meta
