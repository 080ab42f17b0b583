// Group commit: concurrent requests become one append, and each is answered after it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/store.hpp"
#include "support/mutex.hpp"

namespace collector::store {

/// Owns the thread that appends. Thread safe.
class Writer {
public:
    struct Limits {
        std::size_t max_queued_events = 200'000;  ///< beyond them submit() refuses
        std::size_t max_commit_events = 10'000;   ///< one append takes about so many
    };

    /// What became of one submission: one Stored an event, or why nothing was stored.
    using Outcome = pulsekit::Result<std::vector<Stored>>;
    using Done = std::function<void(Outcome)>;

    Writer(EventStore& store, Limits limits);
    ~Writer();  ///< drains

    /// Hands events over; `done` is called on the writer's thread after the commit that holds them, or after it failed.
    /// When the queue is full, `done` is called at once, here, with ErrorCode::unavailable.
    void submit(std::vector<model::Event> events, Done done);

    /// Commits what was submitted, then stops; later submissions are refused as unavailable. Idempotent.
    void drain();

private:
    struct Submission {
        std::vector<model::Event> events;
        Done done;
    };

    void run();
    void commit(std::vector<Submission> group);

    EventStore& store_;
    const Limits limits_;
    pulsekit::Mutex mutex_;
    std::condition_variable wake_;
    std::vector<Submission> queue_ PULSEKIT_GUARDED_BY(mutex_);
    std::size_t queued_events_ PULSEKIT_GUARDED_BY(mutex_) = 0;
    bool stopping_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::jthread thread_;
};

}  // namespace collector::store
