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
    using Event = model::Event;
    static constexpr std::string Event::*kTexts[] = {&Event::project_id,
                                                     &Event::event_id,
                                                     &Event::name,
                                                     &Event::source_type,
                                                     &Event::visitor_id,
                                                     &Event::session_id,
                                                     &Event::user_id,
                                                     &Event::app_id,
                                                     &Event::app_version,
                                                     &Event::path,
                                                     &Event::url,
                                                     &Event::title,
                                                     &Event::referrer,
                                                     &Event::utm_source,
                                                     &Event::utm_medium,
                                                     &Event::utm_campaign,
                                                     &Event::utm_content,
                                                     &Event::utm_term,
                                                     &Event::browser,
                                                     &Event::browser_version,
                                                     &Event::os,
                                                     &Event::os_version,
                                                     &Event::device_type,
                                                     &Event::screen,
                                                     &Event::language,
                                                     &Event::country,
                                                     &Event::revenue_currency,
                                                     &Event::error_message,
                                                     &Event::error_type,
                                                     &Event::error_stack,
                                                     &Event::error_filename,
                                                     &Event::selector,
                                                     &Event::query,
                                                     &Event::survey_id,
                                                     &Event::props};
    static const std::size_t short_text = std::string().capacity();
    std::size_t bytes = events.size() * sizeof(Event);
    for (const auto& event : events) {
        for (const auto text : kTexts) {
            const std::size_t room = (event.*text).capacity();
            if (room > short_text) bytes += room;
        }
        bytes += event.vitals.capacity() * sizeof event.vitals[0];
    }
    return bytes;
}

}  // namespace

Writer::Writer(EventStore& store, Limits limits) : store_(store), limits_(limits), thread_([this] { run(); }) {}

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
    std::call_once(joined_, [this] { thread_.join(); });
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
    std::size_t bytes = 0;
    for (auto& submission : group) {
        bytes += submission.bytes;
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
        queued_bytes_ -= bytes;
        counters_.queued_events = queued_events_;
        counters_.queued_bytes = queued_bytes_;
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
