// A clock that stands still until a test moves it.
#pragma once

#include <atomic>
#include <chrono>

#include <pulsekit/environment.hpp>

namespace pulsekit::test {

/// Wall and monotonic time move together. Any thread.
class ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t unix_ms) : start_ms_(unix_ms) {}

    std::int64_t unix_ms() noexcept override { return start_ms_ + passed_ms_; }
    Duration monotonic() noexcept override { return std::chrono::milliseconds(passed_ms_.load()); }

    /// Returns early, as the interface allows: nobody can advance the clock while everybody waits for it.
    void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Duration) override {
        condition.wait_for(lock, std::chrono::milliseconds(1));
    }

    void advance(std::chrono::milliseconds by) { passed_ms_ += by.count(); }

private:
    const std::int64_t start_ms_;
    std::atomic<std::int64_t> passed_ms_{0};
};

}  // namespace pulsekit::test
