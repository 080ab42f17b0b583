#include "store/writer.hpp"

#include <chrono>
#include <iterator>
#include <utility>

namespace collector::store {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::MutexLock;

Writer::Writer(EventStore& store, Limits limits) : store_(store), limits_(limits), thread_([this] { run(); }) {}

Writer::~Writer() { drain(); }

void Writer::submit(std::vector<model::Event> events, Done done) {
    Submission submission{std::move(events), std::move(done)};
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
    std::call_once(joined_, [this] { thread_.join(); });
}

bool Writer::enqueue(Submission& submission) {
    const MutexLock lock(mutex_);
    const std::size_t events = submission.events.size();
    // An empty queue takes any submission: one larger than the limit could otherwise never be stored.
    const bool room = queued_events_ == 0 || queued_events_ + events <= limits_.max_queued_events;
    if (stopping_ || !room) return false;
    queued_events_ += events;
    counters_.queued_events = queued_events_;
    queue_.push_back(std::move(submission));
    return true;
}

void Writer::run() {
    for (auto group = take(); !group.empty(); group = take()) commit(std::move(group));
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

void Writer::commit(std::vector<Submission> group) {
    std::vector<model::Event> events;
    std::vector<std::size_t> sizes;
    for (auto& submission : group) {
        sizes.push_back(submission.events.size());
        events.insert(events.end(), std::make_move_iterator(submission.events.begin()),
                      std::make_move_iterator(submission.events.end()));
    }
    const auto start = std::chrono::steady_clock::now();
    const auto stored = store_.append(events);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    ++(stored ? counters_.commits : counters_.failed_commits);
    if (stored) {
        counters_.committed_events += events.size();
        counters_.commit_seconds.observe(took.count());
        counters_.commit_events.observe(static_cast<double>(events.size()));
    }
    {
        const MutexLock lock(mutex_);
        queued_events_ -= events.size();
        counters_.queued_events = queued_events_;
    }
    std::size_t from = 0;
    for (std::size_t i = 0; i < group.size(); from += sizes[i], ++i) {
        if (!stored) {
            group[i].done(stored.error());
            continue;
        }
        const auto begin = stored->begin() + static_cast<std::ptrdiff_t>(from);
        group[i].done(std::vector<Stored>(begin, begin + static_cast<std::ptrdiff_t>(sizes[i])));
    }
}

}  // namespace collector::store
