// The rows of funnels and goals.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "meta/definitions.hpp"
#include "support/sqlite/database.hpp"

namespace collector::meta {

/// A project's, oldest first; with `id` that one, or none.
pulsekit::Result<std::vector<Funnel>> find_funnels(pulsekit::sqlite::Database& database, std::string_view project_id,
                                                   std::optional<std::string_view> id);
pulsekit::Result<std::vector<Goal>> find_goals(pulsekit::sqlite::Database& database, std::string_view project_id,
                                               std::optional<std::string_view> id);

/// In place of what was there under the id. Within a transaction.
pulsekit::Result<void> write(pulsekit::sqlite::Database& database, const Funnel& funnel);
pulsekit::Result<void> write(pulsekit::sqlite::Database& database, const Goal& goal);

/// Whether there was one.
pulsekit::Result<bool> erase_row(pulsekit::sqlite::Database& database, std::string_view table,
                                 std::string_view project_id, std::string_view id);

}  // namespace collector::meta
