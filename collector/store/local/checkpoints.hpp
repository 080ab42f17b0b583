// Moves what commits left in SQLite's log into the database file, away from the thread that commits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <thread>

#include <pulsekit/result.hpp>

#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// A checkpoint copies megabytes and syncs twice; done by the writer itself, every commit behind it waits. So a thread
/// with a connection of its own copies while commits go on. The log starts anew only when nothing in it is left to
/// copy, and under load there always is something: so the writer, told that little is left, copies that itself.
///
/// before_transaction() is for the thread that commits.
class Checkpoints {
public:
    /// `writer` is the connection that commits, and must outlive this; the others are to the same file.
    Checkpoints(pulsekit::sqlite::Database& writer, pulsekit::sqlite::Database own,
                pulsekit::sqlite::Database emptying);
    ~Checkpoints();

    /// To be called outside of a transaction, before each.
    void before_transaction();

    /// Copies what is in the log. For any one thread, while others commit.
    void copy();
    /// Copies the rest and empties the log's file; false: somebody reads what is in it. For the thread that commits.
    pulsekit::Result<bool> empty_log();

private:
    void committed(int log_pages) PULSEKIT_EXCLUDES(mutex_);
    void run(const std::stop_token& stop) PULSEKIT_EXCLUDES(mutex_);

    pulsekit::sqlite::Database& writer_;
    pulsekit::sqlite::Database own_;
    pulsekit::sqlite::Database emptying_;  // waits for readers for no longer than a commit takes
    int log_pages_ = 0;                    // after the last commit
    std::atomic<bool> little_left_ = false;
    pulsekit::Mutex mutex_;
    std::condition_variable_any wake_;
    bool wanted_ PULSEKIT_GUARDED_BY(mutex_) = false;
    std::jthread thread_;
};

}  // namespace collector::store::local
