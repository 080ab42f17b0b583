// The rows of surveys and of the responses to them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "meta/surveys.hpp"
#include "support/sqlite/database.hpp"

namespace collector::meta {

/// A project's, oldest first; with `id` that one, or none.
pulsekit::Result<std::vector<Survey>> find_surveys(pulsekit::sqlite::Database& database, std::string_view project_id,
                                                   std::optional<std::string_view> id);
/// Those that are active and below their limit.
pulsekit::Result<std::vector<Survey>> find_active_surveys(pulsekit::sqlite::Database& database,
                                                          std::string_view project_id);
/// In place of what was there under the id, but for how many responses it has.
pulsekit::Result<void> write(pulsekit::sqlite::Database& database, const Survey& survey);

// The following are for transactions: the count of responses beside the survey goes with its rows.

/// Whether the event's response was taken already, erased or not.
pulsekit::Result<bool> is_recorded(pulsekit::sqlite::Database& database, const SurveyResponse& response);
pulsekit::Result<void> insert(pulsekit::sqlite::Database& database, const SurveyResponse& response);
pulsekit::Result<void> erase_response(pulsekit::sqlite::Database& database, std::string_view project_id,
                                      std::string_view event_id);
/// Leaves their events' ids. The value is how many they were.
pulsekit::Result<std::int64_t> empty_responses(pulsekit::sqlite::Database& database, std::string_view project_id,
                                               Respondent of, std::string_view id);

pulsekit::Result<std::int64_t> count_responses(pulsekit::sqlite::Database& database, const ResponseRange& range);
/// Newest first.
pulsekit::Result<std::vector<SurveyResponse>> find_responses(pulsekit::sqlite::Database& database,
                                                             const ResponseRange& range, std::int64_t limit,
                                                             std::int64_t offset);
/// As Surveys::for_each_response.
pulsekit::Result<void> visit_responses(
    pulsekit::sqlite::Database& database, const ResponseRange& range,
    const std::function<pulsekit::Result<void>(std::string_view answers, bool completed)>& each);

}  // namespace collector::meta
