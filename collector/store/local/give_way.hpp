// Threads that are in nobody's way.
#pragma once

#include <sys/resource.h>

namespace collector::store::local {

/// From now on the calling thread, which sorts or rewrites for long, gives way to whoever is waited for, and is not
/// starved. Linux has a niceness for each thread.
inline void give_way() {
    constexpr int kNiceness = 5;
    (void)::setpriority(PRIO_PROCESS, 0, kNiceness);
}

}  // namespace collector::store::local
