// Chance that repeats itself (splitmix64, Steele, Lea and Flood).
#pragma once

#include <atomic>
#include <cstdint>

#include <pulsekit/environment.hpp>

namespace pulsekit::test {

class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() noexcept override {
        std::uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// 0 to `limit` - 1.
    int below(int limit) noexcept { return static_cast<int>(next() % static_cast<std::uint64_t>(limit)); }

private:
    std::atomic<std::uint64_t> state_;
};

}  // namespace pulsekit::test
