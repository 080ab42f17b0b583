// Whether this process is a child of the one that made something.
#pragma once

#include <atomic>
#include <cstdint>

namespace pulsekit {

namespace detail {
inline std::atomic<std::uint32_t> fork_counter{0};
}

/// How many forks lie between this process and the first that asked: what differs from an earlier answer was made by an
/// ancestor. Always 0 where processes do not fork.
inline std::uint32_t fork_count() noexcept { return detail::fork_counter.load(std::memory_order_relaxed); }

/// From now on forks are counted. Idempotent.
void count_forks();

}  // namespace pulsekit
