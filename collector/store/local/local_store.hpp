// The local store: one SQLite file in the data directory.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "store/local/checkpoints.hpp"
#include "store/local/erasures.hpp"
#include "store/local/readers.hpp"
#include "store/local/rows.hpp"
#include "store/local/segments/segments.hpp"
#include "store/local/turns.hpp"
#include "store/store.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// The file that holds the events, in a data directory; the metadata room may keep its tables in it too.
std::string database_path(const std::string& data_directory);

struct LocalOptions {
    std::string data_directory;
    bool fsync_each_commit = true;  ///< else an append survives the process, but not a loss of power
    int dedupe_days = 30;
    std::size_t index_table_limit = HashIndexOptions().table_limit;
    std::size_t segment_memory_rows = SegmentOptions().memory_rows;
    std::size_t question_bytes = std::size_t{1} << 30;  ///< that the parts of an answer may take
    std::size_t max_readers = 4;                        ///< questions that are answered at a time; more wait
};

class LocalStore final : public EventStore {
public:
    /// Creates the directory and the file when absent, and brings the schema up to date.
    static pulsekit::Result<std::unique_ptr<LocalStore>> open(const LocalOptions& options, pulsekit::Random& random);

    pulsekit::Result<std::vector<Stored>> append_all(const std::vector<Batch>& batches) override;
    using EventStore::ask;
    pulsekit::Result<model::Answer> ask(const model::AnyQuestion& question, const Patience& patience) override;
    pulsekit::Result<void> list(const model::List& list, const std::function<void(const model::Event&)>& each,
                                const Patience& patience) override;
    pulsekit::Result<ArrivalPage> arrivals(const Arrivals& arrivals, const Patience& patience) override;
    pulsekit::Result<void> read(std::span<const std::int64_t> places,
                                const std::function<void(const model::Event&)>& each) override;
    pulsekit::Result<std::int64_t> erase(const Erasure& erasure, const Patience& patience) override {
        return erasures_.erase(erasure, patience);
    }
    pulsekit::Result<void> finish_erasures(const Patience& patience) override { return erasures_.finish(patience); }
    pulsekit::Result<void> probe() override;

private:
    LocalStore(const LocalOptions& options, std::unique_ptr<pulsekit::sqlite::Database> database,
               pulsekit::sqlite::Database for_checkpoints, pulsekit::sqlite::Database for_emptying, Rows rows,
               std::unique_ptr<Segments> segments);
    /// Calls `answer` with what a selection is scanned with.
    template <typename Answered, typename AnswerOf>
    pulsekit::Result<Answered> scan(const model::Selection& of, const Patience& patience, const AnswerOf& answer);
    template <typename Answered, typename AnswerOf>
    pulsekit::Result<Answered> scan_once(const model::Selection& of, const Patience& patience, const AnswerOf& answer);

    const std::string data_directory_;
    const std::size_t question_bytes_;
    std::unique_ptr<pulsekit::sqlite::Database> database_;  // by pointer: rows_ refers to it
    Checkpoints checkpoints_;
    Turns turns_;  // of those who use database_ and rows_
    Rows rows_;
    Readers readers_;
    std::unique_ptr<Segments> segments_;
    Erasures erasures_;
};

}  // namespace collector::store::local
