// Which event ids were seen: a repeated event is stored once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <pulsekit/result.hpp>

#include "store/local/hash_index.hpp"
#include "store/store.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// An id is known for `days` days after it was first received, by the arrival times of the events themselves. One
/// thread at a time.
class Ids {
public:
    static pulsekit::Result<Ids> open(pulsekit::sqlite::Database& database, std::string folder, int days,
                                      std::size_t table_limit);

    static HashEntry entry(std::int64_t project, std::string_view event_id, std::int64_t received_ms);
    /// Brings what claim() looks at first into the processor's cache.
    void prefetch(const HashEntry& entry) const { index_->prefetch(entry); }

    /// Fresh: the id is that of a row that the transaction makes. Duplicate: it is another's, received within the
    /// window.
    pulsekit::Result<Stored> claim(const HashEntry& entry, std::int64_t received_ms);

    HashIndex& index() { return *index_; }

    /// The transaction is through, and `last_row` is the newest row.
    void committed(std::int64_t last_row) { index_->committed(last_row); }
    void rolled_back() { index_->rolled_back(); }

private:
    Ids(std::unique_ptr<HashIndex> index, std::int64_t window_ms) : index_(std::move(index)), window_ms_(window_ms) {}

    std::unique_ptr<HashIndex> index_;
    std::int64_t window_ms_;
};

}  // namespace collector::store::local
