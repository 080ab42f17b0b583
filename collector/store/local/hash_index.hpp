// Which number a key has, for keys whose hashes land anywhere: what a unique index would tell, at a fraction of its
// cost.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/hash_run.hpp"
#include "store/local/hash_table.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// The rows that the entries are made from: a table of those that last_id() knows.
struct HashSource {
    std::string table;
    std::string columns;                                                   ///< what `entry` reads, and at least one
    std::string condition = "1";                                           ///< which rows have an entry
    std::string value = "id";                                              ///< the entry's number
    HashEntry (*entry)(const pulsekit::sqlite::Statement& row) = nullptr;  ///< column 0 is the row's id, then `columns`
    bool outlives_rows = false;                                            ///< an entry stays when its row is erased
};

struct HashIndexOptions {
    std::string folder;                    ///< of its own; made when absent
    std::size_t table_limit = 128 * 1024;  ///< entries that the table in memory may have before it becomes a run
    /// Entries whose number is so much smaller than the newest ones' may be forgotten.
    std::int64_t keep = std::numeric_limits<std::int64_t>::max();
};

/// The truth are the rows. Beside them the recent entries are held in a table in memory, the others in runs of a folder
/// of their own (hash_run.hpp), written and merged on another thread; whatever is missing or damaged there is read from
/// the rows again. One thread at a time writes; find_committed() is for any other.
class HashIndex {
public:
    /// Reads what no run has from the database.
    static pulsekit::Result<std::unique_ptr<HashIndex>> open(pulsekit::sqlite::Database& database,
                                                             const HashSource& source, const HashIndexOptions& options);
    ~HashIndex();

    /// For the thread that writes: the number last added with the key, in this transaction or before; -1: none.
    /// Error `unavailable`: a run cannot be read.
    pulsekit::Result<std::int64_t> find(const HashEntry& key) const;
    /// Like find(), of what was committed, from any thread.
    pulsekit::Result<std::int64_t> find_committed(const HashEntry& key) const PULSEKIT_EXCLUDES(mutex_);

    /// Brings what find() looks at first into the processor's cache.
    void prefetch(const HashEntry& key) const;

    /// The transaction makes a row with this entry.
    void add(const HashEntry& entry);
    /// The transaction is through, and `last_row` is the newest row.
    void committed(std::int64_t last_row) PULSEKIT_EXCLUDES(mutex_);
    void rolled_back();

    /// The rows with these numbers, ascending, are erased or about to be: from now on no key has them.
    void forget(std::vector<std::int64_t> erased) PULSEKIT_EXCLUDES(mutex_);

    /// From now until release() the runs change only by what follows.
    void hold() { held_ = true; }
    /// For any one thread: waits until no other thread makes a run.
    void wait() const;
    /// After wait(): takes what was made.
    void collect() PULSEKIT_EXCLUDES(mutex_);
    /// After collect(): begins to make a run of the entries in memory.
    void settle() PULSEKIT_EXCLUDES(mutex_);
    /// After collect(), for any one thread: writes the runs without the numbers that are forgotten.
    pulsekit::Result<void> rewrite();
    /// After rewrite() nothing is left of those numbers.
    void release() PULSEKIT_EXCLUDES(mutex_);

    /// The newest row that was committed.
    std::int64_t last_row() const { return last_row_; }

    /// What is wrong with a folder's files, a sentence each.
    static std::vector<std::string> check(const std::string& folder);

private:
    struct Written {
        std::unique_ptr<HashRun> run;      // null: it could not be written
        std::size_t first = 0, count = 0;  // of the runs that it stands for; none: it stands for frozen_
    };

    HashIndex(const HashSource& source, const HashIndexOptions& options);
    void load_runs(pulsekit::sqlite::Database& database, std::int64_t newest_row);
    bool belong(pulsekit::sqlite::Database& database, std::int64_t newest_row) const;
    std::optional<bool> belongs(pulsekit::sqlite::Database& database, const HashRun& run) const;
    bool begins_well(pulsekit::sqlite::Database& database, const HashRun& run, std::int64_t newest_row) const;
    pulsekit::Result<void> load_rows(pulsekit::sqlite::Database& database, std::int64_t newest_row);
    pulsekit::Result<std::int64_t> find_stored(const HashEntry& key) const;
    void upkeep();
    void take(Written written);
    void freeze();
    void forget_old();
    void merge();
    static void erase(HashTable& table, const std::vector<std::int64_t>& erased);

    const HashSource source_;
    const HashIndexOptions options_;
    // The thread that writes reads without the lock, as it alone changes what others read under it.
    mutable pulsekit::Mutex mutex_;
    HashTable table_;
    HashTable frozen_;  // read by the thread that makes a run of it; empty: there is none
    RowRange frozen_rows_;
    std::vector<std::shared_ptr<const HashRun>> runs_;  // oldest first; shared with the thread that merges them
    std::int64_t covered_ = 0;                          // the last row whose entry is in a run or in frozen_
    std::int64_t last_row_ = 0;
    std::int64_t kept_from_ = 0;        // smaller numbers may be forgotten
    std::vector<std::int64_t> erased_;  // numbers that no key has, ascending
    bool held_ = false;
    bool all_rewritten_ = false;
    std::vector<std::pair<std::size_t, std::shared_ptr<const HashRun>>> rewritten_;  // and which of runs_ they replace
    std::vector<HashEntry> pending_;                                                 // of the transaction
    HashTable pending_table_;                                                        // the same
    std::future<Written> work_;  // last: waited for before what it uses goes
};

}  // namespace collector::store::local
