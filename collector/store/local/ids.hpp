// Which event ids were seen: a repeated event is stored once.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/id_run.hpp"
#include "store/store.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

struct IdOptions {
    std::string folder;  ///< made when absent
    int days = 30;
    std::size_t table_limit = 512 * 1024;  ///< ids that the table in memory may have before it becomes a run
};

/// An id is known for `days` days after it was first received, by the arrival times of the events themselves.
///
/// The truth are the rows. Beside them the recent ids are held in a table in memory, the others in runs of a folder of
/// their own (id_run.hpp), written and merged on another thread; whatever is missing or damaged there is read from the
/// rows again. One thread at a time.
class Ids {
public:
    /// Reads what no run has from the database.
    static pulsekit::Result<std::unique_ptr<Ids>> open(pulsekit::sqlite::Database& database, const IdOptions& options);

    /// Fresh: the id is that of a row that the transaction makes. Duplicate: it is another's, received within the
    /// window.
    Stored claim(std::int64_t project, std::string_view event_id, std::int64_t received_ms);

    /// The transaction is through, and `last_row` is the newest row.
    void committed(std::int64_t last_row);
    void rolled_back() {
        pending_.clear();
        pending_set_.clear();
    }

    /// What is wrong with the folder's files, a sentence each.
    static std::vector<std::string> check(const std::string& folder);

private:
    /// Open addressing, at most half full. `low` 0 is empty: there was no event in the first millisecond of 1970.
    class Table {
    public:
        std::int64_t received_ms(const IdEntry& id) const;
        void insert(const IdEntry& id);
        std::size_t size() const { return size_; }
        std::vector<IdEntry> entries() const;

    private:
        std::size_t slot_of(const IdEntry& id) const;
        void grow();
        std::vector<IdEntry> slots_ = std::vector<IdEntry>(1024);
        std::size_t size_ = 0;
    };
    struct Written {
        std::unique_ptr<IdRun> run;        // null: it could not be written
        std::size_t first = 0, count = 0;  // of the runs that it stands for; none: it stands for frozen_
    };
    struct Hash {
        std::size_t operator()(const std::pair<std::uint64_t, std::uint64_t>& id) const noexcept { return id.first; }
    };

    explicit Ids(const IdOptions& options);
    void load_runs(pulsekit::sqlite::Database& database, std::int64_t newest_row);
    bool belongs(pulsekit::sqlite::Database& database, const IdRun& run, std::int64_t newest_row) const;
    pulsekit::Result<void> load_rows(pulsekit::sqlite::Database& database, std::int64_t newest_row);
    void note(const IdEntry& id);
    void upkeep();
    void take(Written written);
    void freeze();
    void merge();

    const std::string folder_;
    const std::int64_t window_ms_;
    const std::size_t table_limit_;
    Table table_;
    std::shared_ptr<const Table> frozen_;  // shared with the thread that writes it
    RowRange frozen_rows_;
    IdEntry frozen_last_;
    std::vector<std::shared_ptr<const IdRun>> runs_;  // oldest first; shared with the thread that merges them
    std::int64_t covered_ = 0;                        // the last row whose id is in a run or in frozen_
    std::int64_t last_row_ = 0;
    IdEntry last_{};  // of the newest row that has one
    std::int64_t newest_ms_ = 0;
    std::vector<IdEntry> pending_;  // of the transaction
    std::unordered_set<std::pair<std::uint64_t, std::uint64_t>, Hash> pending_set_;
    std::future<Written> work_;  // last: waited for before what it uses goes
};

}  // namespace collector::store::local
