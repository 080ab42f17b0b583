// Erases rows, and all that only they had (docs/decisions/0020-erasing-rows.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/checkpoints.hpp"
#include "store/local/readers.hpp"
#include "store/local/rows.hpp"
#include "store/local/segments/segments.hpp"
#include "store/local/turns.hpp"
#include "store/store.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

class Orphans;

/// What an erasure works with; all of it outlives it.
struct ErasureParts {
    pulsekit::sqlite::Database& database;  ///< the connection that writes
    Turns& turns;                          ///< of those who use it, and what writes the rows
    Rows& rows;
    Segments& segments;
    Readers& readers;
    Checkpoints& checkpoints;
};

/// First the database notes what is to be erased; then segments lose it, rows go, then texts; each step may be done
/// again, and is, after a crash. What writes is done in turns of some milliseconds. Thread safe: one at a time.
class Erasures {
public:
    explicit Erasures(const ErasureParts& parts) : parts_(parts) {}

    /// EventStore::erase().
    pulsekit::Result<std::int64_t> erase(const Erasure& erasure, const Patience& patience) PULSEKIT_EXCLUDES(mutex_);
    /// EventStore::finish_erasures().
    pulsekit::Result<void> finish(const Patience& patience) PULSEKIT_EXCLUDES(mutex_);

private:
    using Numbers = std::vector<std::int64_t>;

    /// What is noted in the database; `id` is its row.
    struct Noted {
        std::int64_t id = 0;
        std::int64_t erased = 0;
        ErasedRows rows;
    };
    /// How far the rows and the contexts were read.
    struct Read {
        std::int64_t row = 0, context = 0;
    };
    pulsekit::Result<std::vector<Noted>> pending();
    /// Nothing when there can be no such rows.
    pulsekit::Result<std::optional<ErasedRows>> meant_by(const Erasure& erasure);
    pulsekit::Result<Noted> note(ErasedRows rows);
    /// The value is how many rows it erased, before it was cut off included.
    pulsekit::Result<std::int64_t> run(const Noted& noted, const Patience& patience);
    pulsekit::Result<void> leave_segments(const Noted& noted, const Patience& patience);
    pulsekit::Result<void> settle_ids();
    pulsekit::Result<void> erase_rows(const Noted& noted, const Patience& patience);
    pulsekit::Result<Numbers> oldest_rows(const ErasedRows& rows);
    pulsekit::Result<Numbers> rows_of(const ErasedRows& rows, const Patience& patience);
    pulsekit::Result<void> erase_batch(const Noted& noted, const std::string& rows);

    pulsekit::Result<void> erase_orphans(const Patience& patience);
    pulsekit::Result<void> keep_what_is_used(Orphans& orphans, Read& read, const Patience& patience);
    pulsekit::Result<void> erase_spans(const Orphans& orphans, const Patience& patience);
    pulsekit::Result<void> forget(Orphans& orphans, Read read);
    pulsekit::Result<void> erase_contexts(const Numbers& contexts);
    pulsekit::Result<void> erase_texts(const Numbers& texts);
    pulsekit::Result<void> rewrite_indexes(pulsekit::Result<void> done);

    pulsekit::Result<void> empty_log(const Patience& patience);
    pulsekit::Result<std::int64_t> finish(const Noted& noted);
    /// In a turn and a transaction of its own.
    pulsekit::Result<void> write(const std::function<pulsekit::Result<void>()>& what);
    pulsekit::Result<void> write_durably(const std::function<pulsekit::Result<void>()>& what);
    pulsekit::Result<void> run_with(const std::string& sql, const std::string& numbers);

    const ErasureParts parts_;
    pulsekit::Mutex mutex_;
};

}  // namespace collector::store::local
