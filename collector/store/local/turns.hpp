// Who may write next.
#pragma once

#include <condition_variable>
#include <cstdint>

#include "support/mutex.hpp"

namespace collector::store::local {

/// A ticket lock, which is had in the order in which it was asked for: whoever asks again at once keeps nobody else
/// waiting, as with a mutex. Thread safe.
class Turns {
public:
    /// Ends with its scope.
    class Turn {
    public:
        explicit Turn(Turns& turns) : turns_(turns) { turns_.begin(); }
        ~Turn() { turns_.end(); }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        Turns& turns_;
    };

private:
    void begin() {
        pulsekit::MutexLock lock(mutex_);
        const auto mine = given_++;
        while (now_ != mine) ended_.wait(lock.native());
    }
    void end() {
        {
            const pulsekit::MutexLock lock(mutex_);
            ++now_;
        }
        ended_.notify_all();
    }

    pulsekit::Mutex mutex_;
    std::condition_variable ended_;
    std::uint64_t given_ PULSEKIT_GUARDED_BY(mutex_) = 0;
    std::uint64_t now_ PULSEKIT_GUARDED_BY(mutex_) = 0;
};

}  // namespace collector::store::local
