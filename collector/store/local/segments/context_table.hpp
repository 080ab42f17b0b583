// The contexts that rows refer to, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/numbering.hpp"
#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// The place of a column of event_contexts in a ContextTable. "tagged" is there, too: 1 where any of the five utm
/// values is present.
std::size_t context_column(std::string_view name);

/// What some contexts have in a column, in their order.
struct ContextValues {
    std::vector<std::uint32_t> numbers;  ///< from 1, as the table numbers the column's values; 0 is null
    std::vector<std::int64_t> values;    ///< the numbers of texts (event_texts.id), or 1 for tagged; 0 is null
};

/// Contexts never change; there are few. Thread safe, save that one thread at a time may load.
class ContextTable {
public:
    /// Reads those that have come since.
    pulsekit::Result<void> load(pulsekit::sqlite::Database& database) PULSEKIT_EXCLUDES(mutex_);

    ContextValues values_of(std::size_t column, std::span<const std::int64_t> contexts) const PULSEKIT_EXCLUDES(mutex_);

private:
    struct Column {
        std::vector<std::uint32_t> of_context;  // by context
        Numbering values;
    };

    mutable pulsekit::Mutex mutex_;
    std::vector<Column> columns_ PULSEKIT_GUARDED_BY(mutex_);
    std::int64_t loaded_ = 0;  // the last one
};

}  // namespace collector::store::local
