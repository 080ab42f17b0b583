// An EventStore in memory that knows repeated ids and can be told to fail; and a stand-in for the Writer before it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <ranges>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "store/writer.hpp"
#include "tests/support/append_only_store.hpp"

namespace collector::test {

/// Thread safe.
class MemoryStore final : public AppendOnlyStore {
public:
    pulsekit::Result<std::vector<store::Stored>> append_all(const std::vector<store::Batch>& batches) override {
        if (failing_) return pulsekit::Error{pulsekit::ErrorCode::unavailable, "told to fail"};
        const std::lock_guard lock(mutex_);
        std::vector<store::Stored> result;
        for (const auto& event : batches | std::views::join) {
            const bool fresh = event.event_id_is_ours || known_.emplace(event.project_id, event.event_id).second;
            if (fresh) events_.push_back(event);
            result.push_back(fresh ? store::Stored::fresh : store::Stored::duplicate);
        }
        return result;
    }

    pulsekit::Result<void> probe() override {
        if (failing_) return pulsekit::Error{pulsekit::ErrorCode::unavailable, "told to fail"};
        return {};
    }

    void fail(bool on) { failing_ = on; }

    std::vector<model::Event> events() const {
        const std::lock_guard lock(mutex_);
        return events_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<model::Event> events_;
    std::set<std::pair<std::string, std::string>> known_;
    std::atomic<bool> failing_{false};
};

/// Appends on a thread of its own, so that every answer is a deferred one.
class DeferredSubmit {
public:
    explicit DeferredSubmit(store::EventStore& store) : store_(store) {}
    ~DeferredSubmit() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
    }

    void operator()(std::vector<model::Event> events, store::Writer::Done done) {
        {
            const std::lock_guard lock(mutex_);
            queue_.emplace_back(std::move(events), std::move(done));
        }
        wake_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            auto taken = std::exchange(queue_, {});
            lock.unlock();
            for (auto& [events, done] : taken) done(store_.append(events));
            taken.clear();
            lock.lock();
        }
    }

    store::EventStore& store_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::pair<std::vector<model::Event>, store::Writer::Done>> queue_;
    bool stopping_ = false;
    std::jthread thread_{[this] { run(); }};
};

}  // namespace collector::test
