// A mutex that clang's thread-safety analysis understands: std::mutex carries no annotations in libstdc++.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define PULSEKIT_ANNOTATION(x) __attribute__((x))
#else
#define PULSEKIT_ANNOTATION(x)
#endif
#define PULSEKIT_CAPABILITY(x) PULSEKIT_ANNOTATION(capability(x))
#define PULSEKIT_SCOPED_CAPABILITY PULSEKIT_ANNOTATION(scoped_lockable)
#define PULSEKIT_GUARDED_BY(x) PULSEKIT_ANNOTATION(guarded_by(x))
#define PULSEKIT_REQUIRES(...) PULSEKIT_ANNOTATION(requires_capability(__VA_ARGS__))
#define PULSEKIT_EXCLUDES(...) PULSEKIT_ANNOTATION(locks_excluded(__VA_ARGS__))
#define PULSEKIT_ACQUIRE(...) PULSEKIT_ANNOTATION(acquire_capability(__VA_ARGS__))
#define PULSEKIT_RELEASE(...) PULSEKIT_ANNOTATION(release_capability(__VA_ARGS__))

namespace pulsekit {

class PULSEKIT_CAPABILITY("mutex") Mutex {
public:
    void lock() PULSEKIT_ACQUIRE() { mutex_.lock(); }
    void unlock() PULSEKIT_RELEASE() { mutex_.unlock(); }
    /// Tells the analysis, where it cannot see it, that this thread holds the mutex.
    void assert_held() const PULSEKIT_ANNOTATION(assert_capability(this)) {}

private:
    friend class MutexLock;
    std::mutex mutex_;
};

/// Holds a Mutex for a scope. `native()` is what a condition variable waits with.
class PULSEKIT_SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex& mutex) PULSEKIT_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
    ~MutexLock() PULSEKIT_RELEASE() = default;
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

    std::unique_lock<std::mutex>& native() { return lock_; }

private:
    std::unique_lock<std::mutex> lock_;
};

}  // namespace pulsekit
