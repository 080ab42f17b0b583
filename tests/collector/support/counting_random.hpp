// Randomness that is the same in each run, and different in each call.
#pragma once

#include <atomic>

#include <pulsekit/environment.hpp>

namespace pulsekit::test {

class CountingRandom final : public Random {
public:
    std::uint64_t next() noexcept override {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;  // SplitMix64
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::atomic<std::uint64_t> state_{1};
};

}  // namespace pulsekit::test
