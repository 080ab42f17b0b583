// When to try again: exponential backoff with full jitter (Marc Brooker, "Exponential Backoff And Jitter").
#pragma once

#include <chrono>

#include <pulsekit/environment.hpp>

namespace pulsekit {

struct BackoffLimits {
    std::chrono::milliseconds base{500};
    std::chrono::milliseconds cap{5 * 60'000};
};

/// The wait after one more failure than `failures`: uniform in [0, min(cap, base * 2^failures)], and never shorter than
/// what the server asked for.
std::chrono::milliseconds backoff_after(int failures, const BackoffLimits& limits, Random& random,
                                        std::chrono::milliseconds at_least = std::chrono::milliseconds{0});

/// Counts failures for backoff_after(). One thread at a time.
class Backoff {
public:
    Backoff(BackoffLimits limits, Random& random) : limits_(limits), random_(random) {}

    std::chrono::milliseconds failed(std::chrono::milliseconds at_least = std::chrono::milliseconds{0}) {
        return backoff_after(failures_++, limits_, random_, at_least);
    }
    void succeeded() { failures_ = 0; }
    int failures() const { return failures_; }

private:
    BackoffLimits limits_;
    Random& random_;
    int failures_ = 0;
};

}  // namespace pulsekit
