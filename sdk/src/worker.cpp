#include "src/worker.hpp"

#include <algorithm>
#include <utility>

namespace pulsekit {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBusyPoll{10};   // while events come in
constexpr milliseconds kIdlePoll{160};  // beyond it the worker sleeps until it is woken
constexpr milliseconds kLongSleep{60'000};
constexpr milliseconds kStorageRetry{1'000};
constexpr milliseconds kAdoptEvery{30'000};

}  // namespace

Worker::Worker(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      uploader_(dependencies_.uploader),
      recovery_{dependencies_.options, dependencies_.context, dependencies_.diagnose},
      poll_interval_(kBusyPoll) {
    // What an earlier run left has waited long enough.
    if (dependencies_.queue->ledger().queued() > 0) due_ = dependencies_.clock.monotonic();
    uploader_.set_context(dependencies_.context);
    requests_.consent = dependencies_.consent;
    requests_.erase = dependencies_.consent == Consent::denied;
    snapshot_.ledger = dependencies_.queue->ledger();
    snapshot_.recovered = dependencies_.leftovers.empty() && !dependencies_.storage;
    thread_ = std::thread([this] { run(); });
}

Worker::~Worker() { (void)stop(milliseconds(0)); }

void Worker::wake() noexcept {
    const MutexLock lock(mutex_);
    requests_.woken = true;
    asleep_.store(false, std::memory_order_relaxed);
    wake_.notify_one();
}

void Worker::set_consent(Consent consent) {
    const MutexLock lock(mutex_);
    if (consent == Consent::denied) {
        requests_.erase = true;
    } else if (requests_.consent == Consent::denied) {
        requests_.erase_to.clear();
        for (const Ring* ring : dependencies_.journal.rings()) requests_.erase_to.push_back(ring->pushed());
    }
    requests_.consent = consent;
    requests_.woken = true;
    wake_.notify_one();
}

void Worker::set_paused(bool paused) {
    const MutexLock lock(mutex_);
    requests_.paused = paused;
    requests_.woken = true;
    wake_.notify_one();
}

void Worker::hurry() {
    const MutexLock lock(mutex_);
    requests_.flush_to = std::max(requests_.flush_to, stats_locked().accepted);
    requests_.hurry = true;
    requests_.woken = true;
    wake_.notify_one();
}

void Worker::wait_for_progress(Clock::Duration until) {
    MutexLock lock(mutex_);
    requests_.woken = true;
    asleep_.store(false, std::memory_order_relaxed);
    wake_.notify_one();
    dependencies_.clock.wait_until(published_, lock.native(),
                                   std::min(until, dependencies_.clock.monotonic() + Time(kBusyPoll)));
}

Worker::Time Worker::in(milliseconds wait) const {
    constexpr std::chrono::hours kForEver{24 * 366};
    return dependencies_.clock.monotonic() +
           std::min<milliseconds>(wait, kForEver);  // the most there is would overflow
}

Result<void> Worker::flush(milliseconds deadline) {
    const Time until = in(deadline);
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
            requests_.stop_at = in(deadline);
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
    // The ledger has what was drained of what the rings count.
    const std::uint64_t without_ring = dependencies_.journal.without_ring() - snapshot_.drained_without_ring;
    std::uint64_t in_journal = 0 - snapshot_.drained;
    std::uint64_t overflow = without_ring - snapshot_.drained_overflow;
    std::uint64_t sampled = 0 - snapshot_.drained_sampled;
    for (const Ring* ring : dependencies_.journal.rings()) {
        in_journal += ring->pushed();
        overflow += ring->overflowed();
        sampled += ring->sampled();
    }
    Stats stats;
    stats.accepted = snapshot_.ledger.accepted + in_journal + overflow + sampled;
    stats.delivered = snapshot_.ledger.delivered;
    stats.queued = snapshot_.ledger.queued() + in_journal;
    stats.dropped = snapshot_.ledger.dropped;
    if (overflow != 0) stats.dropped["journal_full"] += overflow;
    if (sampled != 0) stats.dropped["sampled"] += sampled;
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
    Requests now = requests();
    recover_leftovers();
    adopt();
    const bool found = drain();
    // And after it whether anything may be sent: the drain erases what was denied, and may have read what was tracked
    // after a pause.
    const Requests then = requests();
    now.consent = then.consent;
    now.erase = then.erase;
    now.paused = then.paused;
    if (is_finished(now)) return false;
    if (is_upload_due(now)) upload();
    sleep(requests(), found);
    return true;
}

bool Worker::is_finished(const Requests& requests) const {
    if (!requests.stopping) return false;
    return dependencies_.queue->ledger().queued() == 0 || uploader_.last_attempt_failed() || !may_send(requests) ||
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
    if (!due_ || !may_send(requests) || now < uploader_.next_attempt()) return false;
    return is_hurried(requests) || now >= *due_;
}

void Worker::upload() {
    uploading_ = true;
    const auto step = uploader_.step(*dependencies_.queue, [this] { return keep_waiting(); });
    uploading_ = false;
    if (std::exchange(queue_is_damaged_, false)) {
        replace_queue();
    } else if (!step) {
        queue_failed(step.error());
    }
    if (dependencies_.queue->ledger().queued() == 0) due_.reset();
    publish();
}

/// While a request is under way the rings must not fill up.
bool Worker::keep_waiting() {
    drain();
    const Requests now = requests();
    if (!may_send(now) || queue_is_damaged_) return false;
    // After a failure this attempt is a mere hope: nobody should wait for it at the end.
    return !now.stopping || (!uploader_.last_attempt_failed() && dependencies_.clock.monotonic() < now.stop_at);
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

std::vector<Worker::Reading> Worker::read_rings(bool& more) {
    const auto rings = dependencies_.journal.rings();
    read_.resize(rings.size());
    std::vector<Reading> readings;
    for (std::size_t i = 0; i < rings.size(); ++i) {
        const Ring& ring = *rings[i];
        Reading reading{rings[i], i, {}, dependencies_.queue->state().mark_of(ring.id()), {}};
        Intake& intake = reading.intake;
        intake.ring = ring.id();
        intake.mark = reading.before;
        intake.mark.overflowed = ring.overflowed();
        intake.mark.sampled = ring.sampled();
        reading.drained = ring.drain(intake.records, intake.mark.context, kDrainBytes);
        intake.mark.position = reading.drained.position;
        intake.count = reading.drained.events;
        intake.power =
            (reading.drained.any_flags & record_flag::kPower) != 0 || ring.synced_to() > reading.before.position;
        more = more || reading.drained.more;
        if (intake.mark.position != reading.before.position || intake.mark.overflowed != reading.before.overflowed ||
            intake.mark.sampled != reading.before.sampled)
            readings.push_back(std::move(reading));
    }
    return readings;
}

Result<void> Worker::drain_once(bool& found, bool& more) {
    std::vector<Reading> readings = read_rings(more);
    // Only now: of a denial that came before any of the events in hand was tracked, the request is there to be seen.
    const auto goes_on = erase_if_denied();
    if (!goes_on) return goes_on.error();
    if (!*goes_on) {
        more = false;
        return {};
    }
    std::vector<Intake> intakes;
    for (auto& reading : readings) {
        leave_out_denied(reading);
        edit_intake(reading.intake, dependencies_.options);
        intakes.push_back(std::move(reading.intake));
    }
    const std::uint64_t without_ring = dependencies_.journal.without_ring();
    if (without_ring != drained_without_ring_) {
        Intake refused;
        refused.dropped["journal_full"] = without_ring - drained_without_ring_;
        intakes.push_back(std::move(refused));
    }
    if (intakes.empty()) return {};
    found = true;
    if (auto named = name_on_disk(intakes); !named) return named;
    if (auto appended = dependencies_.queue->append(intakes); !appended) return appended;
    Ring::Drained all;
    for (std::size_t i = 0; i < readings.size(); ++i) {
        const auto& [ring, number, drained, before, moved] = readings[i];
        const RingMark& mark = intakes[i].mark;
        ring->release(mark.position);
        uploader_.set_context(mark.context);
        read_[number] += drained.events;
        drained_ += drained.events;
        drained_overflow_ += mark.overflowed - before.overflowed;
        drained_sampled_ += mark.sampled - before.sampled;
        all.any_flags |= drained.any_flags;
        all.all_flags &= drained.all_flags;
        all.events += drained.events;
    }
    drained_without_ring_ = without_ring;
    if (all.events != 0) note_waiting(all);
    publish();
    return {};
}

/// Before the first event that must survive a loss of power: SQLite sees to its own files, not to their folders.
Result<void> Worker::name_on_disk(const std::vector<Intake>& intakes) {
    if (is_named_ || !dependencies_.storage) return {};
    if (std::none_of(intakes.begin(), intakes.end(), [](const Intake& i) { return i.power; })) return {};
    auto synced = dependencies_.storage->sync_folders();
    is_named_ = synced.ok();
    return synced;
}

void Worker::note_waiting(const Ring::Drained& drained) {
    const Options& options = dependencies_.options;
    Time wait = options.flush_interval;
    if ((drained.all_flags & record_flag::kDeferred) != 0) wait = options.deferred_interval;
    if ((drained.any_flags & record_flag::kNow) != 0) wait = Time(0);
    const Time due = dependencies_.clock.monotonic() + wait;
    due_ = due_ ? std::min(*due_, due) : due;
}

/// When consent was denied: erases what is queued, all of it from before, and notes which events of the rings are to go
/// too. False: nothing may be queued yet.
Result<bool> Worker::erase_if_denied() {
    // A batch on its way is judged first, and what a dead process left must not be queued behind what stays.
    const bool wait = uploading_ || !dependencies_.leftovers.empty();
    {
        const MutexLock lock(mutex_);
        if (!requests_.erase) return true;
        if (wait) return false;
        denied_ = requests_.consent == Consent::denied;
        erase_to_ = requests_.erase_to;
        // What a thread was writing while consent went is still to come: until consent is back this does not end.
        requests_.erase = denied_;
    }
    if (dependencies_.queue->ledger().queued() > 0) {
        uploader_.forget_next();
        if (auto erased = dependencies_.queue->erase_all("consent"); !erased) {
            const MutexLock lock(mutex_);
            requests_.erase = true;
            return std::move(erased).error();
        }
        publish();
    }
    due_.reset();
    return true;
}

void Worker::leave_out_denied(Reading& reading) const {
    Intake& intake = reading.intake;
    const std::uint64_t read = read_[reading.number];
    std::uint64_t gone = intake.count;
    if (!denied_) {
        const std::uint64_t to = reading.number < erase_to_.size() ? erase_to_[reading.number] : 0;
        gone = to > read ? std::min<std::uint64_t>(gone, to - read) : 0;
    }
    if (gone == 0) return;
    std::string kept;
    std::uint64_t seen = 0;
    FrameReader frames(intake.records);
    while (const auto frame = frames.next()) {
        if (is_context(*frame) || seen++ >= gone) append_frame(kept, *frame);
    }
    intake.records = std::move(kept);
    intake.count -= static_cast<std::uint32_t>(gone);
    intake.dropped["consent"] += gone;
}

void Worker::recover_leftovers() {
    auto& leftovers = dependencies_.leftovers;
    if (leftovers.empty() || dependencies_.clock.monotonic() < storage_retry_at_) return;
    while (!leftovers.empty()) {
        if (auto recovered = recovery_.recover_ring(leftovers.back(), *dependencies_.queue); !recovered) {
            queue_failed(recovered.error());
            return;  // the file stays: its events are safe in it
        }
        leftovers.pop_back();
    }
    if (dependencies_.queue->ledger().queued() > 0) due_ = dependencies_.clock.monotonic();
    publish();
}

bool Worker::adopts() const {
    return dependencies_.storage && dependencies_.storage->is_first() && !dependencies_.queue_path.empty();
}

void Worker::adopt() {
    if (!adopts()) {
        if (!std::exchange(adopted_once_, true)) publish();
        return;
    }
    const Time now = dependencies_.clock.monotonic();
    if (now < storage_retry_at_ || (adopted_once_ && now < adopt_at_)) return;
    adopt_at_ = now + kAdoptEvery;
    const std::string taken = dependencies_.storage->taken_path();
    auto adopted = recovery_.finish_adoption(*dependencies_.queue, taken);
    bool any = false;
    for (const auto& folder : dependencies_.storage->abandoned()) {
        if (!adopted) break;
        adopted = recovery_.adopt(folder, *dependencies_.queue, taken);
        any = any || adopted.ok();
    }
    if (!adopted && adopted.error().code == ErrorCode::corrupt) {
        queue_failed(adopted.error());
        return;
    }
    if (!adopted && adopted.error().message != adoption_problem_) {
        adoption_problem_ = adopted.error().message;
        dependencies_.diagnose({Diagnostic::Level::warning, adopted.error().code,
                                "what an earlier process left stays where it is: " + adoption_problem_});
    }
    if (adopted_once_ && !any) return;
    adopted_once_ = true;
    if (dependencies_.queue->ledger().queued() > 0) due_ = now;
    publish();
}

void Worker::queue_failed(const Error& error) {
    storage_retry_at_ = dependencies_.clock.monotonic() + kStorageRetry;
    if (error.code == ErrorCode::corrupt && uploading_) {
        queue_is_damaged_ = true;
    } else if (error.code == ErrorCode::corrupt) {
        replace_queue();
    } else if (error.message != storage_problem_) {
        storage_problem_ = error.message;
        dependencies_.diagnose({Diagnostic::Level::error, error.code,
                                "events stay in the journal, for the queue cannot take them: " + error.message});
    }
    publish();
}

void Worker::replace_queue() {
    uploader_.forget_next();
    const QueueState known = dependencies_.queue->state();
    dependencies_.queue.reset();  // closes the file before it is moved
    const QueueLimits limits{dependencies_.options.max_queue_bytes, dependencies_.options.overflow};
    auto fresh = replace_sqlite_queue(dependencies_.queue_path, limits, known, dependencies_.diagnose);
    if (fresh) {
        dependencies_.queue = std::move(*fresh);
        storage_retry_at_ = Time{0};
        return;
    }
    dependencies_.diagnose(
        {Diagnostic::Level::error, fresh.error().code,
         "no new event queue can be made on disk, events are kept in memory: " + fresh.error().message});
    dependencies_.queue = open_memory_queue(limits, known);
    dependencies_.queue_path.clear();
}

void Worker::publish() {
    const MutexLock lock(mutex_);
    snapshot_ = {dependencies_.queue->ledger(),
                 drained_,
                 drained_overflow_,
                 drained_sampled_,
                 drained_without_ring_,
                 uploader_.last_problem(),
                 dependencies_.leftovers.empty() && adopted_once_};
    published_.notify_all();
}

void Worker::sleep(const Requests& seen, bool found) {
    const Time now = dependencies_.clock.monotonic();
    if (is_finished(seen)) return;
    poll_interval_ = found ? Time(kBusyPoll) : std::min<Time>(poll_interval_ * 2, Time(kIdlePoll) * 2);
    const bool idle = poll_interval_ > Time(kIdlePoll) && dependencies_.leftovers.empty() && storage_problem_.empty();
    // A thread that tracked just before it could see that the worker sleeps wakes nobody: the worker says that it
    // sleeps, looks once more a poll later, and only then sleeps for long.
    const bool has_said_so = asleep_.load(std::memory_order_relaxed);
    Time until = now + (idle && has_said_so ? Time(kLongSleep) : std::min<Time>(poll_interval_, kIdlePoll));
    if (adopts()) until = std::min(until, std::max({adopt_at_, storage_retry_at_, now + Time(kBusyPoll)}));
    // What the worker drains is on the disk when the append returns.
    if (const Time window = dependencies_.options.power_window; window > Time(0) && !idle)
        until = std::min(until, now + window / 2);
    if (due_ && may_send(seen)) {
        const Time due = is_hurried(seen) ? now : *due_;
        until = std::min(until, std::max(due, uploader_.next_attempt()));
    }
    if (seen.stopping) until = std::min(until, seen.stop_at);
    MutexLock lock(mutex_);
    asleep_.store(idle, std::memory_order_relaxed);
    while (!requests_.woken && dependencies_.clock.monotonic() < until) {
        dependencies_.clock.wait_until(wake_, lock.native(), until);
    }
    if (requests_.woken) {
        requests_.woken = false;
        asleep_.store(false, std::memory_order_relaxed);
        poll_interval_ = Time(kBusyPoll);
    }
    if (requests_.hurry) {
        requests_.hurry = false;
        uploader_.hurry();
    }
}

}  // namespace pulsekit
