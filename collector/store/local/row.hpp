// One event as one row, and few others beside it: which field is kept in which column.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/event.hpp"
#include "store/local/dictionary.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// What the row refers to that is not the event's own: ids made before it is written.
struct RowKeys {
    std::int64_t event;  ///< events.id
    std::int64_t project;
    std::int64_t visitor;
    std::int64_t session;
    std::int64_t context;
};

/// Writes events and their side rows, within the writer's transaction. The database must outlive it. One thread at a
/// time.
class RowInsert {
public:
    static pulsekit::Result<RowInsert> open(pulsekit::sqlite::Database& database);

    /// The event must live until finish().
    pulsekit::Result<void> run(const model::Event& event, const RowKeys& keys, Dictionary& dictionary);
    /// Writes what run() has not yet.
    pulsekit::Result<void> finish(Dictionary& dictionary);
    void rolled_back() { waiting_.clear(); }

private:
    struct Statements {
        pulsekit::sqlite::Statement many, event, details, vital;
    };
    struct Waiting {
        const model::Event* event;
        RowKeys keys;
    };
    explicit RowInsert(Statements statements) : statements_(std::move(statements)) {}
    pulsekit::Result<void> run_many(Dictionary& dictionary);
    pulsekit::Result<void> run_details(const model::Event& event, const RowKeys& keys, Dictionary& dictionary);
    pulsekit::Result<void> run_vitals(const model::Event& event, const RowKeys& keys, Dictionary& dictionary);

    Statements statements_;
    std::vector<Waiting> waiting_;
};

}  // namespace collector::store::local
