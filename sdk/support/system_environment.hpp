// The real Clock and Random.
#pragma once

#include <pulsekit/environment.hpp>

namespace pulsekit {

class SystemClock final : public Clock {
public:
    std::int64_t unix_ms() noexcept override;
    Duration monotonic() noexcept override;
    void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Duration deadline) override;
};

/// The operating system's generator (about 1 µs or more a call: seed something faster for many ids).
class SystemRandom final : public Random {
public:
    std::uint64_t next() noexcept override;
};

}  // namespace pulsekit
