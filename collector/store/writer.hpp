// Group commit: concurrent requests become one append, and each is answered after it, while the next one is under way.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/histogram.hpp"
#include "store/store.hpp"
#include "support/mutex.hpp"

namespace collector::store {

/// What a Writer has done, for metrics; each number is exact, but they are not taken at one instant.
struct WriterCounters {
    std::atomic<std::uint64_t> commits = 0;           ///< appends that succeeded
    std::atomic<std::uint64_t> failed_commits = 0;    ///< appends that did not
    std::atomic<std::uint64_t> committed_events = 0;  ///< in appends that succeeded, duplicates included
    std::atomic<std::uint64_t> queued_events = 0;     ///< submitted and not yet answered
    std::atomic<std::uint64_t> queued_bytes = 0;      ///< of memory that those take, about
    std::atomic<std::uint64_t> refused_events = 0;    ///< not taken: the queue was full or drained
    /// Of appends that succeeded: how long each took, and how many events it had.
    model::Histogram<14> commit_seconds{
        {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}};
    model::Histogram<13> commit_events{{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10'000}};
};

/// Owns the thread that appends and the one that answers. Thread safe. The store must outlive it.
class Writer {
public:
    struct Limits {
        std::size_t max_queued_events = 200'000;    ///< beyond them submit() refuses
        std::size_t max_queued_bytes = 160u << 20;  ///< likewise, of memory
        std::size_t max_commit_events = 10'000;     ///< submissions are merged up to so many; one alone may have more
    };

    /// What became of one submission: one Stored an event, or why nothing was stored.
    using Outcome = pulsekit::Result<std::vector<Stored>>;
    using Done = std::function<void(Outcome)>;

    Writer(EventStore& store, Limits limits);
    ~Writer();  ///< drains

    /// Hands events over; `done` is called on the thread that answers, after the commit that holds them or after it
    /// failed. When the queue has no room for all of them, or is drained, `done` is called at once, here, with
    /// ErrorCode::unavailable. `done` must not call drain().
    void submit(std::vector<model::Event> events, Done done);

    /// Commits what was submitted, then stops; later submissions are refused as unavailable. Idempotent.
    void drain();

    const WriterCounters& counters() const { return counters_; }

private:
    struct Submission {
        std::vector<model::Event> events;
        Done done;
        std::size_t bytes;
    };

    struct Committed {
        std::vector<Submission> group;
        Outcome outcome;
    };

    bool enqueue(Submission& submission) PULSEKIT_EXCLUDES(mutex_);
    void append_all();
    /// What the next append takes; nothing when all is done.
    std::vector<Submission> take() PULSEKIT_EXCLUDES(mutex_);
    Outcome commit(const std::vector<Submission>& group);
    void answer_all() PULSEKIT_EXCLUDES(mutex_);
    void answer(std::vector<Submission>& group, const Outcome& outcome);

    EventStore& store_;
    const Limits limits_;
    WriterCounters counters_;
    pulsekit::Mutex mutex_;
    std::condition_variable wake_;       // of the thread that appends
    std::condition_variable committed_;  // of the thread that answers
    std::deque<Submission> queue_ PULSEKIT_GUARDED_BY(mutex_);
    std::size_t queued_events_ PULSEKIT_GUARDED_BY(mutex_) = 0;  // those not yet answered included
    std::size_t queued_bytes_ PULSEKIT_GUARDED_BY(mutex_) = 0;   // likewise
    std::deque<Committed> answers_ PULSEKIT_GUARDED_BY(mutex_);
    bool stopping_ PULSEKIT_GUARDED_BY(mutex_) = false;
    bool all_appended_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::once_flag joined_;
    std::jthread appending_;
    std::jthread answering_;
};

}  // namespace collector::store
