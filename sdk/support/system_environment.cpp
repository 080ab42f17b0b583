#include "support/system_environment.hpp"

#include <random>

namespace pulsekit {

std::int64_t SystemClock::unix_ms() noexcept {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Clock::Duration SystemClock::monotonic() noexcept { return std::chrono::steady_clock::now().time_since_epoch(); }

void SystemClock::wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                             Duration deadline) {
    const auto at = std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline));
    condition.wait_until(lock, at);
}

std::uint64_t SystemRandom::next() noexcept {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace pulsekit
