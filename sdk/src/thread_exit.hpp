// What the SDK keeps for a thread that tracks, and clears away when the thread ends.
#pragma once

#include <memory>

namespace pulsekit {

struct PerThread {
    virtual ~PerThread() = default;
};

/// The calling thread's object: made by `make` at the thread's first call, deleted when the thread ends. There is one a
/// thread, so `make` is always the same.
PerThread& per_thread(std::unique_ptr<PerThread> (*make)());

/// Whether thread_local data is still there while the object is deleted. mingw has given it back by then: to touch it
/// would make it anew, for nobody to give back.
#if defined(__MINGW32__)
constexpr bool kThreadLocalOutlivesObject = false;
#else
constexpr bool kThreadLocalOutlivesObject = true;
#endif

}  // namespace pulsekit
