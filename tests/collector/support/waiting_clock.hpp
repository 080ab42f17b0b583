// A clock that a test moves on whenever those who wait for it have looked at it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <pulsekit/environment.hpp>

namespace pulsekit::test {

/// Wall and monotonic time move together. Any thread.
class WaitingClock final : public Clock {
public:
    explicit WaitingClock(std::int64_t unix_ms) : start_ms_(unix_ms) {}

    std::int64_t unix_ms() noexcept override { return start_ms_ + passed_ms_; }
    Duration monotonic() noexcept override { return std::chrono::milliseconds(passed_ms_.load()); }
    void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Duration) override {
        ++waits_;
        condition.wait_for(lock, std::chrono::milliseconds(1));
    }

    void advance(std::chrono::milliseconds by) { passed_ms_ += by.count(); }

    /// Moves on by `step` after each wait of somebody until the predicate holds; gives up, as a failure, after a minute
    /// of the machine's time.
    template <typename Predicate>
    bool advance_until(Predicate holds, std::chrono::milliseconds step = std::chrono::milliseconds(100)) {
        const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        auto seen = waits_.load();
        while (!holds()) {
            if (std::chrono::steady_clock::now() > patience) {
                ADD_FAILURE() << "nothing comes of waiting";
                return false;
            }
            if (waits_ > seen + 1) {
                seen = waits_;
                advance(step);
            }
            std::this_thread::yield();
        }
        return true;
    }
    /// Returns when somebody has waited several times, so that whatever could be done by now has been done.
    void let_others_wait() {
        const auto before = waits_.load();
        while (waits_ < before + 3) std::this_thread::yield();
    }

private:
    const std::int64_t start_ms_;
    std::atomic<std::int64_t> passed_ms_{0};
    std::atomic<std::uint64_t> waits_{0};
};

}  // namespace pulsekit::test
