// What runs on the clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <thread>
#include <vector>

#include <pulsekit/environment.hpp>

#include "support/mutex.hpp"

namespace collector::app {

/// Calls each task at once and then about once a minute, one after the other, on a thread of its own. Stops with its
/// owner.
class Scheduler {
public:
    using Task = std::function<void()>;

    Scheduler(pulsekit::Clock& clock, std::vector<Task> every_minute);
    ~Scheduler();

private:
    void run();

    pulsekit::Clock& clock_;
    const std::vector<Task> every_minute_;
    pulsekit::Mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::jthread thread_;
};

}  // namespace collector::app
