#include "src/worker.hpp"

#include <algorithm>
#include <cstdio>

namespace pulsekit {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDrainBytes = 1024 * 1024;  // one transaction's worth from one ring
constexpr milliseconds kBusyPoll{10};             // while events come in
constexpr milliseconds kIdlePoll{160};            // beyond it the worker sleeps until it is woken
constexpr milliseconds kLongSleep{60'000};
constexpr milliseconds kStorageRetry{1'000};

}  // namespace

Worker::Worker(Dependencies dependencies)
    : dependencies_(std::move(dependencies)), uploader_(dependencies_.uploader), poll_interval_(kBusyPoll) {
    // What an earlier run left has waited long enough.
    has_waiting_ = dependencies_.queue->ledger().queued() > 0;
    waiting_since_ = dependencies_.clock.monotonic() - dependencies_.options.flush_interval;
    snapshot_.ledger = dependencies_.queue->ledger();
    snapshot_.recovered = dependencies_.leftovers.empty();
    thread_ = std::thread([this] { run(); });
}

Worker::~Worker() { (void)stop(milliseconds(0)); }

void Worker::wake() noexcept {
    const MutexLock lock(mutex_);
    requests_.woken = true;
    asleep_.store(false, std::memory_order_relaxed);
    wake_.notify_one();
}

Result<void> Worker::flush(milliseconds deadline) {
    const Time until = dependencies_.clock.monotonic() + deadline;
    MutexLock lock(mutex_);
    const auto settled = [&] {
        mutex_.assert_held();
        return snapshot_.ledger.accepted - snapshot_.ledger.queued();
    };
    // What an earlier run left counts as tracked; until its journals are read nobody knows how much that is.
    while (!snapshot_.recovered && !finished_ && dependencies_.clock.monotonic() < until) {
        dependencies_.clock.wait_until(published_, lock.native(), until);
    }
    const std::uint64_t target = stats_locked().accepted;
    requests_.flush_to = std::max(requests_.flush_to, target);
    requests_.hurry = true;
    requests_.woken = true;
    wake_.notify_one();
    while (settled() < target && !finished_ && dependencies_.clock.monotonic() < until) {
        dependencies_.clock.wait_until(published_, lock.native(), until);
    }
    if (settled() >= target && snapshot_.recovered) return {};
    const std::uint64_t left = target > settled() ? target - settled() : 0;
    return Error{ErrorCode::unavailable, std::to_string(left) + " events are not delivered yet" +
                                             (snapshot_.problem.empty() ? "" : ": " + snapshot_.problem)};
}

Result<void> Worker::stop(milliseconds deadline) {
    {
        const MutexLock lock(mutex_);
        if (!requests_.stopping) {
            requests_.stopping = true;
            requests_.stop_at = dependencies_.clock.monotonic() + deadline;
        }
        requests_.woken = true;
        wake_.notify_one();
    }
    std::call_once(joined_, [this] { thread_.join(); });
    const MutexLock lock(mutex_);
    const std::uint64_t left = stats_locked().queued;
    if (left == 0) return {};
    return Error{ErrorCode::unavailable, std::to_string(left) + " events are " +
                                             (dependencies_.queue_path.empty() ? "lost" : "kept for the next start") +
                                             (snapshot_.problem.empty() ? "" : ": " + snapshot_.problem)};
}

Stats Worker::stats() const {
    const MutexLock lock(mutex_);
    return stats_locked();
}

Stats Worker::stats_locked() const {
    std::uint64_t pushed = 0;
    std::uint64_t overflowed = 0;
    for (const Ring* ring : dependencies_.journal.rings()) {
        pushed += ring->pushed();
        overflowed += ring->overflowed();
    }
    // Overflow counts from each ring's first event; the ledger has what was drained of both.
    const std::uint64_t in_journal = pushed - snapshot_.drained;
    const std::uint64_t overflow = overflowed - snapshot_.drained_overflow;
    Stats stats;
    stats.accepted = snapshot_.ledger.accepted + in_journal + overflow;
    stats.delivered = snapshot_.ledger.delivered;
    stats.queued = snapshot_.ledger.queued() + in_journal;
    stats.dropped = snapshot_.ledger.dropped;
    if (overflow != 0) stats.dropped["journal_full"] += overflow;
    return stats;
}

Worker::Requests Worker::requests() const {
    const MutexLock lock(mutex_);
    return requests_;
}

void Worker::run() {
    while (turn()) {}
    const MutexLock lock(mutex_);
    finished_ = true;
    published_.notify_all();
}

/// One round; false when the worker is done.
bool Worker::turn() {
    // Asked before the drain: what was tracked before stop() is then in the queue when we decide whether we are done.
    const Requests now = requests();
    recover_leftovers();
    const bool found = drain();
    if (is_finished(now)) return false;
    if (is_upload_due(now)) upload();
    sleep(requests(), found);
    return true;
}

bool Worker::is_finished(const Requests& requests) const {
    if (!requests.stopping) return false;
    return dependencies_.queue->ledger().queued() == 0 || uploader_.last_attempt_failed() ||
           dependencies_.clock.monotonic() >= requests.stop_at;
}

/// Whether events go out without waiting for company.
bool Worker::is_hurried(const Requests& requests) const {
    const Ledger& ledger = dependencies_.queue->ledger();
    return requests.stopping || requests.flush_to > ledger.accepted - ledger.queued() ||
           ledger.queued() >= dependencies_.options.max_batch_events;
}

bool Worker::is_upload_due(const Requests& requests) const {
    const Time now = dependencies_.clock.monotonic();
    if (!has_waiting_ || now < uploader_.next_attempt()) return false;
    return is_hurried(requests) || now - waiting_since_ >= dependencies_.options.flush_interval;
}

void Worker::upload() {
    const auto step = uploader_.step(*dependencies_.queue, [this] { return keep_waiting(); });
    if (!step) queue_failed(step.error());
    if (dependencies_.queue->ledger().queued() == 0) has_waiting_ = false;
    publish();
}

/// While a request is under way the rings must not fill up.
bool Worker::keep_waiting() {
    drain();
    const Requests now = requests();
    return !now.stopping || dependencies_.clock.monotonic() < now.stop_at;
}

bool Worker::drain() {
    if (dependencies_.clock.monotonic() < storage_retry_at_ && !requests().stopping) return false;
    bool found = false;
    bool more = true;
    while (more) {
        more = false;
        if (auto drained = drain_once(found, more); !drained) {
            queue_failed(drained.error());
            break;
        }
        storage_problem_.clear();
    }
    if (auto failure = dependencies_.journal.take_failure(); !failure) {
        dependencies_.diagnose({Diagnostic::Level::warning, failure.error().code,
                                "a journal is kept in memory instead of on disk: " + failure.error().message});
    }
    return found;
}

Result<void> Worker::drain_once(bool& found, bool& more) {
    std::vector<Intake> intakes;
    std::vector<Ring*> read;
    std::uint64_t overflow = 0;
    for (Ring* ring : dependencies_.journal.rings()) {
        Intake intake;
        intake.ring = ring->id();
        intake.overflowed = ring->overflowed();
        const auto drained = ring->drain(intake.records, kDrainBytes);
        intake.position = drained.position;
        intake.count = drained.records;
        more = more || drained.more;
        const std::uint64_t overflow_before = dependencies_.queue->state().mark_of(intake.ring).overflowed;
        if (intake.count == 0 && intake.overflowed == overflow_before) continue;
        overflow += intake.overflowed - overflow_before;
        intakes.push_back(std::move(intake));
        read.push_back(ring);
    }
    if (intakes.empty()) return {};
    found = true;
    if (auto appended = dependencies_.queue->append(intakes); !appended) return appended;
    for (std::size_t i = 0; i < read.size(); ++i) {
        read[i]->release(intakes[i].position);
        drained_ += intakes[i].count;
    }
    drained_overflow_ += overflow;
    if (!has_waiting_) waiting_since_ = dependencies_.clock.monotonic();
    has_waiting_ = true;
    publish();
    return {};
}

void Worker::recover_leftovers() {
    auto& leftovers = dependencies_.leftovers;
    if (leftovers.empty() || dependencies_.clock.monotonic() < storage_retry_at_) return;
    while (!leftovers.empty()) {
        if (auto recovered = recover(leftovers.back()); !recovered) {
            queue_failed(recovered.error());
            return;  // the file stays: its events are safe in it
        }
        leftovers.pop_back();
    }
    has_waiting_ = dependencies_.queue->ledger().queued() > 0;
    publish();
}

Result<void> Worker::recover(const std::string& path) {
    auto ring = Ring::recover(path);
    if (!ring && ring.error().code == ErrorCode::not_found) {
        std::remove(path.c_str());
        return {};
    }
    if (!ring) {
        const std::string aside = path + ".corrupt";
        std::rename(path.c_str(), aside.c_str());
        dependencies_.diagnose({Diagnostic::Level::error, ring.error().code,
                                "a journal of an earlier run cannot be read and is set aside as " + aside});
        return {};
    }
    (*ring)->skip_to(dependencies_.queue->state().mark_of((*ring)->id()).position);
    Ring::Drained drained;
    do {
        Intake intake;
        intake.ring = (*ring)->id();
        intake.overflowed = (*ring)->overflowed();
        drained = (*ring)->drain(intake.records, kDrainBytes);
        intake.position = drained.position;
        intake.count = drained.records;
        if (intake.count != 0 || intake.overflowed != dependencies_.queue->state().mark_of(intake.ring).overflowed) {
            if (auto appended = dependencies_.queue->append({intake}); !appended) return appended;
        }
        (*ring)->release(drained.position);
    } while (drained.more);
    if (drained.torn) {
        dependencies_.diagnose({Diagnostic::Level::warning, ErrorCode::corrupt,
                                "the end of an earlier run's journal was torn: what lay after it is lost"});
    }
    if (auto forgotten = dependencies_.queue->forget_ring((*ring)->id()); !forgotten) return forgotten;
    std::remove(path.c_str());
    return {};
}

void Worker::queue_failed(const Error& error) {
    storage_retry_at_ = dependencies_.clock.monotonic() + kStorageRetry;
    if (error.code == ErrorCode::corrupt) {
        replace_queue();
    } else if (error.message != storage_problem_) {
        storage_problem_ = error.message;
        dependencies_.diagnose({Diagnostic::Level::error, error.code,
                                "events stay in the journal, for the queue cannot take them: " + error.message});
    }
    publish();
}

void Worker::replace_queue() {
    const QueueState known = dependencies_.queue->state();
    dependencies_.queue.reset();  // closes the file before it is moved
    auto fresh = replace_sqlite_queue(dependencies_.queue_path, dependencies_.options.max_queue_bytes, known,
                                      dependencies_.diagnose);
    if (fresh) {
        dependencies_.queue = std::move(*fresh);
        storage_retry_at_ = Time{0};
        return;
    }
    dependencies_.diagnose(
        {Diagnostic::Level::error, fresh.error().code,
         "no new event queue can be made on disk, events are kept in memory: " + fresh.error().message});
    dependencies_.queue = open_memory_queue(dependencies_.options.max_queue_bytes);
    dependencies_.queue_path.clear();
}

void Worker::publish() {
    const MutexLock lock(mutex_);
    snapshot_ = {dependencies_.queue->ledger(), drained_, drained_overflow_, uploader_.last_problem(),
                 dependencies_.leftovers.empty()};
    published_.notify_all();
}

void Worker::sleep(const Requests& seen, bool found) {
    const Time now = dependencies_.clock.monotonic();
    poll_interval_ = found ? Time(kBusyPoll) : std::min<Time>(poll_interval_ * 2, Time(kIdlePoll) * 2);
    const bool idle = poll_interval_ > Time(kIdlePoll) && dependencies_.leftovers.empty() && storage_problem_.empty();
    Time until = now + (idle ? Time(kLongSleep) : poll_interval_);
    if (has_waiting_) {
        const Time due = is_hurried(seen) ? now : waiting_since_ + Time(dependencies_.options.flush_interval);
        until = std::min(until, std::max(due, uploader_.next_attempt()));
    }
    MutexLock lock(mutex_);
    asleep_.store(idle, std::memory_order_relaxed);
    while (!requests_.woken && dependencies_.clock.monotonic() < until) {
        dependencies_.clock.wait_until(wake_, lock.native(), until);
    }
    asleep_.store(false, std::memory_order_relaxed);
    if (requests_.woken) {
        requests_.woken = false;
        poll_interval_ = Time(kBusyPoll);
    }
    if (requests_.hurry) {
        requests_.hurry = false;
        uploader_.hurry();
    }
}

}  // namespace pulsekit
