// The SDK's only thread: journal to queue, queue to collector.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <pulsekit/client.hpp>
#include <pulsekit/options.hpp>

#include "src/journal.hpp"
#include "src/queue.hpp"
#include "src/recovery.hpp"
#include "src/storage.hpp"
#include "src/uploader.hpp"
#include "support/mutex.hpp"

namespace pulsekit {

/// Owns the thread, the queue and the uploader; borrows the journal. The public methods are for any thread.
class Worker {
public:
    struct Dependencies {
        const Options& options;
        Clock& clock;
        Journal& journal;
        std::unique_ptr<Queue> queue;
        std::string queue_path;  ///< empty: the queue lives in memory
        std::string context;     ///< for what an earlier run left without one
        Consent consent;
        std::vector<std::string> leftovers;  ///< ring files of dead processes
        Uploader::Dependencies uploader;
        std::function<void(Diagnostic)> diagnose;
        const Storage* storage = nullptr;  ///< with folders of other processes, to take over what the dead left
    };
    explicit Worker(Dependencies dependencies);
    ~Worker();  ///< stops at once

    /// True while the worker sleeps for long: whoever tracks should wake() it.
    bool is_asleep() const noexcept { return asleep_.load(std::memory_order_relaxed); }
    void wake() noexcept;
    /// Wakes the worker and waits until it has done something, or for the deadline on the monotonic clock.
    void wait_for_progress(Clock::Duration until);

    /// Consent::denied erases, soon, what was tracked until then; what is tracked after consent came back stays. Called
    /// while nothing is taken, and by one thread at a time.
    void set_consent(Consent consent);
    void set_paused(bool paused);
    /// Sends what there is without waiting for company, and does not wait for it.
    void hurry();

    Result<void> flush(std::chrono::milliseconds deadline);
    /// Idempotent.
    Result<void> stop(std::chrono::milliseconds deadline);
    Stats stats() const;

private:
    using Time = Clock::Duration;

    /// What the application's threads see of the worker's state; replaced whole after each commit.
    struct Snapshot {
        Ledger ledger;
        std::uint64_t drained = 0;  // of the records that this process pushed
        std::uint64_t drained_overflow = 0;
        std::uint64_t drained_sampled = 0;
        std::uint64_t drained_without_ring = 0;
        std::string problem;
        bool recovered = false;  // the ledger knows of everything that earlier runs left
    };
    struct Requests {
        bool woken = false;
        std::uint64_t flush_to = 0;  // settled events that a flush() waits for
        bool hurry = false;          // a flush() has just begun
        bool stopping = false;
        Time stop_at{0};
        Consent consent = Consent::granted;
        bool paused = false;
        bool erase = false;  // consent was denied: what was tracked before must go
        // Of each ring the events that were in it when consent came back: later ones stay.
        std::vector<std::uint64_t> erase_to;
    };
    /// What one ring had for the queue.
    struct Reading {
        Ring* ring;
        std::size_t number;  // of the ring, among the journal's
        Ring::Drained drained;
        RingMark before;
        Intake intake;
    };

    Time in(std::chrono::milliseconds wait) const;
    void run();
    bool turn();
    void recover_leftovers();
    bool adopts() const;
    void adopt();
    bool drain();
    std::vector<Reading> read_rings(bool& more);
    Result<void> drain_once(bool& found, bool& more);
    Result<bool> erase_if_denied();
    void leave_out_denied(Reading& reading) const;
    Result<void> name_on_disk(const std::vector<Intake>& intakes);
    void note_waiting(const Ring::Drained& drained);
    static bool may_send(const Requests& requests) {
        return !requests.paused && !requests.erase && requests.consent == Consent::granted;
    }
    void upload();
    bool is_upload_due(const Requests& requests) const;
    bool is_hurried(const Requests& requests) const;
    bool keep_waiting();
    bool is_finished(const Requests& requests) const;
    void queue_failed(const Error& error);
    void replace_queue();
    void publish();
    void sleep(const Requests& requests, bool found);
    Requests requests() const;
    Stats stats_locked() const PULSEKIT_REQUIRES(mutex_);

    Dependencies dependencies_;
    Uploader uploader_;
    const Recovery recovery_;

    // The worker thread's own.
    std::uint64_t drained_ = 0;
    std::uint64_t drained_overflow_ = 0;
    std::uint64_t drained_sampled_ = 0;
    std::uint64_t drained_without_ring_ = 0;
    std::vector<std::uint64_t> read_;      // events read of each ring, in the order of the journal's
    std::vector<std::uint64_t> erase_to_;  // of each ring the events that are not to be queued
    bool denied_ = false;                  // no event is to be queued
    bool uploading_ = false;               // the uploader holds a batch of the queue
    bool queue_is_damaged_ = false;        // found while it did
    std::optional<Time> due_;              // when what is queued should go out
    Time storage_retry_at_{0};
    std::string storage_problem_;
    bool adopted_once_ = false;
    bool is_named_ = false;  // the disk knows the storage folders
    Time adopt_at_{0};
    std::string adoption_problem_;
    Time poll_interval_{0};

    mutable Mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable published_;
    Requests requests_ PULSEKIT_GUARDED_BY(mutex_);
    Snapshot snapshot_ PULSEKIT_GUARDED_BY(mutex_);
    bool finished_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::atomic<bool> asleep_{false};
    std::once_flag joined_;
    std::thread thread_;
};

}  // namespace pulsekit
