// Time that stands still until the test moves it.
#pragma once

#include <pulsekit/environment.hpp>

#include <atomic>

namespace pulsekit::test {

/// For code that asks for the time; nothing may wait on it.
class FakeClock final : public Clock {
public:
    std::int64_t unix_ms() noexcept override { return 1'700'000'000'000 + elapsed_ms_.load(); }
    Duration monotonic() noexcept override { return std::chrono::milliseconds(1'000'000 + elapsed_ms_.load()); }
    void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Duration) override {
        condition.wait(lock);
    }
    void advance(std::chrono::milliseconds by) { elapsed_ms_ += by.count(); }

private:
    std::atomic<std::int64_t> elapsed_ms_{0};
};

/// A deterministic Random.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed = 1) : state_(seed) {}
    std::uint64_t next() noexcept override {
        // splitmix64
        std::uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15) + 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::atomic<std::uint64_t> state_;
};

}  // namespace pulsekit::test
