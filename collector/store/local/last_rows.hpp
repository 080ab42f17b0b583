// Which ids were given: rows that were erased do not give theirs back.
#pragma once

#include <cstdint>
#include <string>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// The id of the newest row that a table (events, event_texts, event_contexts) has or had; 0: it never had any.
pulsekit::Result<std::int64_t> last_id(pulsekit::sqlite::Database& database, const std::string& table);

/// Remembers it, within the transaction that erases rows.
pulsekit::Result<void> keep_last_id(pulsekit::sqlite::Database& database, const std::string& table);

}  // namespace collector::store::local
