#include "support/fork_count.hpp"

#include <mutex>

#if !defined(_WIN32)
#include <pthread.h>
#endif

namespace pulsekit {

void count_forks() {
#if !defined(_WIN32)
    static std::once_flag once;
    std::call_once(once, [] {
        ::pthread_atfork(nullptr, nullptr, [] { detail::fork_counter.fetch_add(1, std::memory_order_relaxed); });
    });
#endif
}

}  // namespace pulsekit
