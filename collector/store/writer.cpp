#include "store/writer.hpp"

#include <chrono>
#include <iterator>
#include <string>
#include <utility>

namespace collector::store {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::MutexLock;

namespace {

/// What the events take while they wait. Their short texts lie within the event itself.
std::size_t memory_of(const std::vector<model::Event>& events) {
    static const std::size_t short_text = std::string().capacity();
    std::size_t bytes = events.size() * sizeof(model::Event);
    for (const auto& event : events) {
        for (const auto text : model::kEventTexts) {
            const std::size_t room = (event.*text).capacity();
            if (room > short_text) bytes += room;
        }
        bytes += event.vitals.capacity() * sizeof event.vitals[0];
    }
    return bytes;
}

}  // namespace

Writer::Writer(EventStore& store, Limits limits)
    : store_(store), limits_(limits), appending_([this] { append_all(); }), answering_([this] { answer_all(); }) {}

Writer::~Writer() { drain(); }

void Writer::submit(std::vector<model::Event> events, Done done) {
    const std::size_t bytes = memory_of(events);
    Submission submission{std::move(events), std::move(done), bytes};
    if (enqueue(submission)) {
        wake_.notify_one();
        return;
    }
    counters_.refused_events += submission.events.size();
    submission.done(Error{ErrorCode::unavailable, "the store takes no more events for now"});
}

void Writer::drain() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    std::call_once(joined_, [this] {
        appending_.join();
        answering_.join();
    });
}

bool Writer::enqueue(Submission& submission) {
    const MutexLock lock(mutex_);
    const std::size_t events = submission.events.size();
    // An empty queue takes any submission: one larger than the limit could otherwise never be stored.
    const bool room = queued_events_ == 0 || (queued_events_ + events <= limits_.max_queued_events &&
                                              queued_bytes_ + submission.bytes <= limits_.max_queued_bytes);
    if (stopping_ || !room) return false;
    queued_events_ += events;
    queued_bytes_ += submission.bytes;
    counters_.queued_events = queued_events_;
    counters_.queued_bytes = queued_bytes_;
    queue_.push_back(std::move(submission));
    return true;
}

void Writer::append_all() {
    for (auto group = take(); !group.empty(); group = take()) {
        auto outcome = commit(group);
        {
            const MutexLock lock(mutex_);
            answers_.push_back({std::move(group), std::move(outcome)});
        }
        committed_.notify_one();
    }
    {
        const MutexLock lock(mutex_);
        all_appended_ = true;
    }
    committed_.notify_one();
}

std::vector<Writer::Submission> Writer::take() {
    MutexLock lock(mutex_);
    while (queue_.empty() && !stopping_) wake_.wait(lock.native());
    std::size_t events = 0;
    auto end = queue_.begin();
    while (end != queue_.end()) {
        events += end->events.size();
        if (end != queue_.begin() && events > limits_.max_commit_events) break;
        ++end;
    }
    std::vector<Submission> group(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    return group;
}

Writer::Outcome Writer::commit(const std::vector<Submission>& group) {
    std::vector<Batch> batches;
    for (const auto& submission : group) batches.emplace_back(submission.events);
    const auto start = std::chrono::steady_clock::now();
    auto stored = store_.append_all(batches);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    ++(stored ? counters_.commits : counters_.failed_commits);
    if (stored) {
        counters_.committed_events += stored->size();
        counters_.commit_seconds.observe(took.count());
        counters_.commit_events.observe(static_cast<double>(stored->size()));
    }
    return stored;
}

void Writer::answer_all() {
    MutexLock lock(mutex_);
    while (true) {
        while (answers_.empty() && !all_appended_) committed_.wait(lock.native());
        if (answers_.empty()) return;
        auto next = std::move(answers_.front());
        answers_.pop_front();
        lock.native().unlock();
        answer(next.group, next.outcome);
        lock.native().lock();
    }
}

void Writer::answer(std::vector<Submission>& group, const Outcome& outcome) {
    std::size_t from = 0;
    for (auto& [events, done, bytes] : group) {
        const std::size_t count = events.size();
        events = {};
        {
            const MutexLock lock(mutex_);
            queued_events_ -= count;
            queued_bytes_ -= bytes;
            counters_.queued_events = queued_events_;
            counters_.queued_bytes = queued_bytes_;
        }
        if (!outcome) {
            done(outcome.error());
            continue;
        }
        const auto begin = outcome->begin() + static_cast<std::ptrdiff_t>(from);
        done(std::vector<Stored>(begin, begin + static_cast<std::ptrdiff_t>(count)));
        from += count;
    }
}

}  // namespace collector::store
