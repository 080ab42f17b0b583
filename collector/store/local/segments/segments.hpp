// The segments of the store: what the rows say, in columns, a moment later.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/context_table.hpp"
#include "store/local/segments/erased_rows.hpp"
#include "store/local/segments/row_source.hpp"
#include "store/local/segments/segment.hpp"
#include "store/local/segments/segment_folder.hpp"
#include "store/local/segments/snapshot.hpp"
#include "store/store.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

struct SegmentOptions {
    std::string data_directory;
    /// So many rows may be in segments in memory before these are written to the disk.
    std::size_t memory_rows = 128 * 1024;
};

/// Follows the rows: reads those that have come since, and puts them into a new segment in memory together with what is
/// known of their sessions, so that each session is whole, in one segment. A thread writes these to the disk, a segment
/// a day of the sessions' beginnings, and makes one of several. The rows are the truth: whatever is missing, damaged or
/// of another database is made of them again. Thread safe.
class Segments {
public:
    /// `database` reads the rows. Errors: `unavailable`, `corrupt` from the database or the disk.
    static pulsekit::Result<std::unique_ptr<Segments>> open(const SegmentOptions& options,
                                                            pulsekit::sqlite::Database database);
    ~Segments();

    /// The rows up to `row` are committed. From the thread that commits.
    void committed(std::int64_t row);

    /// The project's segments, with every row that was committed when this is called; null when it has none. Errors:
    /// `unavailable` when the patience ended; those of the database.
    pulsekit::Result<std::shared_ptr<const Snapshot>> snapshot(std::int64_t project, const Patience& patience)
        PULSEKIT_EXCLUDES(mutex_);

    /// Takes the rows out of the segments and their files; no snapshot has them from now on. The value is ready when
    /// nobody looks at one that has. The rows themselves may be erased meanwhile or afterwards. Errors: `unavailable`
    /// when the patience ended, or from the disk; those of the database. Then it may be done again.
    pulsekit::Result<std::future<void>> erase(const ErasedRows& rows, const Patience& patience)
        PULSEKIT_EXCLUDES(mutex_);

    /// Whether the error says that a segment's file is damaged: then forget() is the remedy.
    bool is_of_a_file(const pulsekit::Error& error) const;
    /// Forgets all segments: they are made anew.
    void forget() PULSEKIT_EXCLUDES(mutex_);

    const ContextTable& contexts() const { return contexts_; }

private:
    struct Project {
        std::vector<LiveSegment> segments;
        std::uint32_t visitors = 0;
        std::shared_ptr<SnapshotEra> era = std::make_shared<SnapshotEra>();  // shared with the snapshots of it
        std::shared_ptr<const Snapshot> published;  // shared with the questions that look at it
    };
    /// Segments of a project that become others, which hold what is still in them.
    struct Work {
        std::int64_t project = 0;
        std::vector<LiveSegment> sources;
        std::vector<LiveSegment> made;  // serial and segment
        std::optional<ErasedRows> without = {};
    };
    class Intake;

    Segments(const SegmentOptions& options, SegmentFolder folder, pulsekit::sqlite::Database database,
             RowSource source);
    bool load() PULSEKIT_REQUIRES(mutex_);
    bool belongs(const SegmentManifest& manifest) PULSEKIT_REQUIRES(mutex_);
    bool has_followed(const SegmentManifest& manifest, bool& erasing) PULSEKIT_REQUIRES(mutex_);
    pulsekit::Result<std::uint32_t> check_of_row(std::int64_t row) PULSEKIT_REQUIRES(mutex_);
    void clear() PULSEKIT_REQUIRES(mutex_);

    void follow(const std::stop_token& stop) PULSEKIT_EXCLUDES(mutex_);
    pulsekit::Result<void> catch_up(std::int64_t row, const Patience& patience) PULSEKIT_REQUIRES(mutex_);
    pulsekit::Result<void> take_some() PULSEKIT_REQUIRES(mutex_);
    LiveSegment live(Project& project, std::shared_ptr<const Segment> segment) PULSEKIT_REQUIRES(mutex_);
    std::shared_ptr<const std::vector<std::uint32_t>> visitors_of(Project& project, const Segment& segment)
        PULSEKIT_REQUIRES(mutex_);
    /// Small segments in memory become larger ones, each row some few times: a segment has at least twice as many rows
    /// as the next.
    void tidy(std::int64_t number, Project& project) PULSEKIT_REQUIRES(mutex_);
    static void publish(Project& project);
    std::uint32_t& place_of(std::int64_t number) PULSEKIT_REQUIRES(mutex_);

    std::size_t rows_in_memory() const PULSEKIT_REQUIRES(mutex_);
    bool is_to_be_written() const PULSEKIT_REQUIRES(mutex_);
    std::vector<Work> to_be_written() PULSEKIT_REQUIRES(mutex_);
    static LiveSegment as_filed(const Project& project, LiveSegment live);
    std::vector<Work> to_be_merged() PULSEKIT_REQUIRES(mutex_);
    /// What has any of the rows, in memory or in files. Error `corrupt` when a file is damaged.
    pulsekit::Result<std::vector<Work>> to_be_erased(const ErasedRows& rows) PULSEKIT_REQUIRES(mutex_);
    void erase_in_memory(const ErasedRows& rows) PULSEKIT_REQUIRES(mutex_);
    /// Until nobody else does any work.
    void await_work(pulsekit::MutexLock& lock) PULSEKIT_REQUIRES(mutex_);
    /// Does it with the lock released meanwhile, and publishes it. Nobody else must be at work.
    pulsekit::Result<void> do_work(std::vector<Work> works, pulsekit::MutexLock& lock) PULSEKIT_REQUIRES(mutex_);
    pulsekit::Result<void> make(Work& work);
    void replace(Work& work) PULSEKIT_REQUIRES(mutex_);
    pulsekit::Result<void> write_manifest() PULSEKIT_REQUIRES(mutex_);

    const SegmentOptions options_;
    const SegmentFolder folder_;
    std::atomic<std::int64_t> newest_row_ = 0;
    std::atomic<std::uint32_t> last_serial_ = 0;
    ContextTable contexts_;
    pulsekit::Mutex mutex_;
    std::condition_variable_any wake_;
    std::condition_variable worked_;
    pulsekit::sqlite::Database database_;
    RowSource source_;
    std::atomic<std::int64_t> covered_ = 0;               // the last row that is in a segment; changed under the lock
    std::int64_t tried_ PULSEKIT_GUARDED_BY(mutex_) = 0;  // to follow up to this row, in vain
    std::size_t unwritten_ PULSEKIT_GUARDED_BY(mutex_) = 0;    // rows in memory that could not be written
    std::int64_t written_ PULSEKIT_GUARDED_BY(mutex_) = 0;     // the last row that is in a file
    std::uint32_t row_check_ PULSEKIT_GUARDED_BY(mutex_) = 0;  // of that row
    std::int64_t erasure_ PULSEKIT_GUARDED_BY(mutex_) = 0;     // the last one that was followed
    bool working_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::uint32_t forgotten_ PULSEKIT_GUARDED_BY(mutex_) = 0;      // how often
    std::set<std::uint32_t> in_work_ PULSEKIT_GUARDED_BY(mutex_);  // serials
    std::map<std::int64_t, Project> projects_ PULSEKIT_GUARDED_BY(mutex_);
    /// By the number of a text: of a session, the serial of the segment that has it; of a visitor, which one it is of
    /// its project, from 1. 0: neither.
    std::vector<std::uint32_t> places_ PULSEKIT_GUARDED_BY(mutex_);
    std::jthread following_;  // last: stopped before what it uses goes
};

}  // namespace collector::store::local
