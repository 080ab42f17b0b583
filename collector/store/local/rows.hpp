// The truth: events as rows of SQLite, appended in one transaction at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "model/event.hpp"
#include "store/local/contexts.hpp"
#include "store/local/dictionary.hpp"
#include "store/local/ids.hpp"
#include "store/local/row.hpp"
#include "store/local/sessions.hpp"
#include "store/store.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

struct RowOptions {
    std::string data_directory;  ///< where the indexes by hash have their folders
    int dedupe_days = 30;
    std::size_t table_limit = HashIndexOptions().table_limit;  ///< of each of them
};

/// The folders that hold the indexes by hash: made from the database again when they are missing.
std::vector<std::string> index_folders(const std::string& data_directory);

/// The database must outlive it. One thread at a time, save for the dictionary's find().
class Rows {
public:
    /// `random` seeds session ids and is not used afterwards.
    static pulsekit::Result<Rows> open(pulsekit::sqlite::Database& database, const RowOptions& options,
                                       pulsekit::Random& random);

    /// EventStore::append_all(). Errors: `unavailable` when the disk is full or fails, or another writer holds the
    /// file; `corrupt`; `internal`. After any of them the next append starts afresh.
    pulsekit::Result<std::vector<Stored>> append(const std::vector<Batch>& batches);

    /// The last row that was committed by append().
    std::int64_t newest_row() const { return next_id_ - 1; }
    const Dictionary& dictionary() const { return parts_.dictionary; }

    // For whoever erases rows.
    Dictionary& dictionary() { return parts_.dictionary; }
    Contexts& contexts() { return parts_.contexts; }
    Ids& ids() { return parts_.ids; }

private:
    struct Parts {
        Dictionary dictionary;
        Contexts contexts;
        Ids ids;
        Sessions sessions;
        RowInsert insert;
    };

    Rows(pulsekit::sqlite::Database& database, Parts parts) : database_(&database), parts_(std::move(parts)) {}
    pulsekit::Result<std::vector<Stored>> append_in_transaction(const std::vector<const model::Event*>& events);
    /// What is known of an event before its turn comes.
    struct Prepared {
        std::int64_t project;
        HashEntry id;
    };
    pulsekit::Result<Prepared> prepare(const model::Event& event);
    /// Stores the event as the row `id`, unless it is a duplicate.
    pulsekit::Result<Stored> append_one(const model::Event& event, const Prepared& prepared, std::int64_t id);

    pulsekit::sqlite::Database* database_;
    Parts parts_;
    std::int64_t next_id_ = 1;  // of the next row, within a transaction
};

}  // namespace collector::store::local
