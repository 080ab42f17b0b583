// The rows of experiments and their assignments.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "meta/experiments.hpp"
#include "support/sqlite/database.hpp"

namespace collector::meta {

/// A project's, oldest first; with `id` that one, or none.
pulsekit::Result<std::vector<Experiment>> find_experiments(pulsekit::sqlite::Database& database,
                                                           std::string_view project_id,
                                                           std::optional<std::string_view> id);
/// Within a transaction.
pulsekit::Result<void> insert(pulsekit::sqlite::Database& database, const Experiment& experiment);
pulsekit::Result<void> write_status(pulsekit::sqlite::Database& database, const Experiment& experiment);

/// The variant of the experiment that the visitor is in; nothing: in none.
pulsekit::Result<std::optional<std::size_t>> find_variant(pulsekit::sqlite::Database& database,
                                                          const Experiment& experiment, std::string_view visitor_id);
pulsekit::Result<std::vector<Assignment>> find_assignments(pulsekit::sqlite::Database& database,
                                                           const Experiment& experiment, std::int64_t from_ms,
                                                           std::int64_t to_ms);
pulsekit::Result<void> insert(pulsekit::sqlite::Database& database, const Experiment& experiment,
                              const Assignment& assignment);
/// How many there were.
pulsekit::Result<std::int64_t> erase_assignments(pulsekit::sqlite::Database& database, std::string_view project_id,
                                                 const std::vector<std::string>& visitor_ids);

}  // namespace collector::meta
