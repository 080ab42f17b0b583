// A clock that stands still.
#pragma once

#include <pulsekit/environment.hpp>

namespace pulsekit::test {

class FixedClock final : public Clock {
public:
    explicit FixedClock(std::int64_t unix_ms) : unix_ms_(unix_ms) {}
    std::int64_t unix_ms() noexcept override { return unix_ms_; }
    Duration monotonic() noexcept override { return Duration(0); }
    void wait_until(std::condition_variable&, std::unique_lock<std::mutex>&, Duration) override {}

private:
    const std::int64_t unix_ms_;
};

}  // namespace pulsekit::test
