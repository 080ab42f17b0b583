// Threads that do what is put before them.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "support/mutex.hpp"

namespace collector::http {

/// Owns its threads. Thread safe. What it takes is bounded by whoever puts it there.
template <typename Work>
class Lane {
public:
    /// `make` is called on each of the threads and gives what does the work there.
    Lane(std::size_t threads, const std::function<std::function<void(Work)>()>& make) {
        for (std::size_t i = 0; i < threads; ++i) {
            threads_.emplace_back([this, make] { run(make()); });
        }
    }
    /// Waits for what is being done. What has not begun is dropped: whoever wanted it has been given up by now.
    ~Lane() {
        std::deque<Work> dropped;
        {
            const pulsekit::MutexLock lock(mutex_);
            stopping_ = true;
            dropped.swap(waiting_);
        }
        wake_.notify_all();
        threads_.clear();  // joins
    }

    void put(std::vector<Work> work) {
        const auto count = work.size();
        {
            const pulsekit::MutexLock lock(mutex_);
            for (auto& one : work) waiting_.push_back(std::move(one));
        }
        for (std::size_t i = 0; i < std::min(count, threads_.size()); ++i) wake_.notify_one();
    }

private:
    void run(const std::function<void(Work)>& work) {
        pulsekit::MutexLock lock(mutex_);
        for (;;) {
            while (waiting_.empty() && !stopping_) wake_.wait(lock.native());
            if (waiting_.empty()) return;
            Work next = std::move(waiting_.front());
            waiting_.pop_front();
            lock.native().unlock();
            work(std::move(next));
            lock.native().lock();
        }
    }

    pulsekit::Mutex mutex_;
    std::condition_variable wake_;
    std::deque<Work> waiting_ PULSEKIT_GUARDED_BY(mutex_);
    bool stopping_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::vector<std::jthread> threads_;
};

}  // namespace collector::http
