// An EventStore in memory that fails, or waits, when a test says so. It answers no questions.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/append_only_store.hpp"

namespace collector::test {

/// Thread safe.
class FakeStore final : public AppendOnlyStore {
public:
    pulsekit::Result<std::vector<store::Stored>> append_all(const std::vector<store::Batch>& batches) override {
        std::unique_lock lock(mutex_);
        ++appends_started_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return !held_; });
        if (failures_ > 0) {
            --failures_;
            return pulsekit::Error{pulsekit::ErrorCode::unavailable, "the disk is full"};
        }
        commits_.emplace_back();
        std::vector<store::Stored> stored;
        for (const auto& event : batches | std::views::join) {
            commits_.back().push_back(event.event_id);
            const bool repeated = event.event_id == "duplicate";
            stored.push_back(repeated ? store::Stored::duplicate : store::Stored::fresh);
        }
        return stored;
    }
    pulsekit::Result<void> probe() override { return {}; }

    /// The next `count` appends fail and store nothing.
    void fail_next(int count) {
        const std::lock_guard lock(mutex_);
        failures_ = count;
    }
    /// Appends wait inside until release().
    void hold() {
        const std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        const std::lock_guard lock(mutex_);
        held_ = false;
        changed_.notify_all();
    }
    void wait_for_append(int started) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return appends_started_ >= started; });
    }
    /// The event ids of each append that succeeded.
    std::vector<std::vector<std::string>> commits() {
        const std::lock_guard lock(mutex_);
        return commits_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    int failures_ = 0;
    int appends_started_ = 0;
    std::vector<std::vector<std::string>> commits_;
};

}  // namespace collector::test
