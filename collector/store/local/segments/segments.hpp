// The segments of the store: what the rows say, in columns, a moment later.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/context_table.hpp"
#include "store/local/segments/row_source.hpp"
#include "store/local/segments/segment.hpp"
#include "store/local/segments/snapshot.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Follows the rows: reads those that have come since, and puts them into a new segment together with what is known of
/// their sessions, so that each session stays whole. Thread safe.
class Segments {
public:
    /// `database` reads the rows.
    static pulsekit::Result<std::unique_ptr<Segments>> open(pulsekit::sqlite::Database database);
    ~Segments();

    /// The rows up to `row` are committed. From the thread that commits.
    void committed(std::int64_t row);

    /// The project's segments, with every row that was committed when this is called; null when it has none. Errors:
    /// `unavailable` when the patience ended; those of the database.
    pulsekit::Result<std::shared_ptr<const Snapshot>> snapshot(std::int64_t project, const std::stop_token& patience)
        PULSEKIT_EXCLUDES(mutex_);

    const ContextTable& contexts() const { return contexts_; }

private:
    struct Project {
        std::vector<LiveSegment> segments;
        std::uint32_t visitors = 0;
        std::shared_ptr<const Snapshot> published;  // shared with the questions that look at it
    };
    class Intake;

    Segments(pulsekit::sqlite::Database database, RowSource source);
    void follow(const std::stop_token& stop) PULSEKIT_EXCLUDES(mutex_);
    pulsekit::Result<void> catch_up(std::int64_t row, const std::stop_token& patience) PULSEKIT_REQUIRES(mutex_);
    pulsekit::Result<void> take_some() PULSEKIT_REQUIRES(mutex_);
    LiveSegment live(Project& project, std::shared_ptr<const Segment> segment) PULSEKIT_REQUIRES(mutex_);
    /// Small segments become larger ones, each row some few times: a segment has at least twice as many as the next.
    void tidy(std::int64_t number, Project& project) PULSEKIT_REQUIRES(mutex_);
    static void publish(Project& project);
    std::uint32_t& place_of(std::int64_t number) PULSEKIT_REQUIRES(mutex_);

    std::atomic<std::int64_t> newest_row_ = 0;
    ContextTable contexts_;
    pulsekit::Mutex mutex_;
    std::condition_variable_any wake_;
    pulsekit::sqlite::Database database_;
    RowSource source_;
    std::atomic<std::int64_t> covered_ = 0;              // the last row that is in a segment; changed under the lock
    std::int64_t tried_ PULSEKIT_GUARDED_BY(mutex_) = 0;  // to follow up to this row, in vain
    std::uint32_t last_serial_ PULSEKIT_GUARDED_BY(mutex_) = 0;
    std::map<std::int64_t, Project> projects_ PULSEKIT_GUARDED_BY(mutex_);
    /// By the number of a text: of a session, the serial of the segment that has it; of a visitor, which one it is of its
    /// project, from 1. 0: neither.
    std::vector<std::uint32_t> places_ PULSEKIT_GUARDED_BY(mutex_);
    std::jthread following_;  // last: stopped before what it uses goes
};

}  // namespace collector::store::local
