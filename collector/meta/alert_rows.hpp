// The rows of alerts.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "meta/alerts.hpp"
#include "support/sqlite/database.hpp"

namespace collector::meta {

/// A project's, oldest first; with `id` that one, or none.
pulsekit::Result<std::vector<Alert>> find_alerts(pulsekit::sqlite::Database& database, std::string_view project_id,
                                                 std::optional<std::string_view> id);

/// In place of what was there under the id, but for when it last fired. Within a transaction.
pulsekit::Result<void> write(pulsekit::sqlite::Database& database, const Alert& alert);

}  // namespace collector::meta
