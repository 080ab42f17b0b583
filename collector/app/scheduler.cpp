#include "app/scheduler.hpp"

namespace collector::app {

Scheduler::Scheduler(pulsekit::Clock& clock, std::vector<Task> every_minute)
    : clock_(clock), every_minute_(std::move(every_minute)), thread_([this] { run(); }) {}

Scheduler::~Scheduler() {
    const pulsekit::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
}

void Scheduler::run() {
    auto next = clock_.monotonic();
    for (;;) {
        {
            pulsekit::MutexLock lock(mutex_);
            while (!stopping_ && clock_.monotonic() < next) clock_.wait_until(wake_, lock.native(), next);
            if (stopping_) return;
        }
        for (const auto& task : every_minute_) task();
        next += std::chrono::minutes(1);
    }
}

}  // namespace collector::app
