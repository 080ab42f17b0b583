// The contexts that rows refer to, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "support/mutex.hpp"
#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// The place of a column of event_contexts among kContextTexts, as many as there are when it is none of them.
std::size_t context_column(std::string_view name);

/// Contexts never change; there are few. Thread safe, save that one thread at a time may load.
class ContextTable {
public:
    /// Reads those that have come since.
    pulsekit::Result<void> load(pulsekit::sqlite::Database& database) PULSEKIT_EXCLUDES(mutex_);

    /// The numbers of the texts that the contexts have in a column, in their order; 0 is null.
    std::vector<std::int64_t> numbers(std::size_t column, std::span<const std::int64_t> contexts) const
        PULSEKIT_EXCLUDES(mutex_);

private:
    mutable pulsekit::Mutex mutex_;
    std::vector<std::vector<std::int64_t>> numbers_ PULSEKIT_GUARDED_BY(mutex_);  // by column, then by context
    std::int64_t loaded_ = 0;                                                     // the last one
};

}  // namespace collector::store::local
