// What the server has seen: the source of its metrics.
#pragma once

#include <atomic>
#include <cstdint>

namespace collector::http {

/// Each number is exact; they are not taken at one instant.
struct ServerCounters {
    std::atomic<std::uint64_t> open = 0;          ///< connections now
    std::atomic<std::uint64_t> held_bytes = 0;    ///< by requests that are read or handled, and by unread answers
    std::atomic<std::uint64_t> accepted = 0;      ///< connections ever
    std::atomic<std::uint64_t> refused = 0;       ///< connections for which there was no room
    std::atomic<std::uint64_t> evicted = 0;       ///< idle connections that made room for others
    std::atomic<std::uint64_t> timed_out = 0;     ///< connections that were too slow with a request or with an answer
    std::atomic<std::uint64_t> requests = 0;      ///< whole requests
    std::atomic<std::uint64_t> bad_requests = 0;  ///< refused while they were read
};

}  // namespace collector::http
