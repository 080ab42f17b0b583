// Surveys, and the responses to them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace collector::meta {

/// What a project decides about a survey; JSON is compact text.
struct SurveyContent {
    std::string name;
    std::string questions = "[]";
    std::string trigger_config = "{}";
    std::string appearance = "{}";
    std::optional<std::int64_t> response_limit;  ///< no more responses are taken than so many
};

struct Survey {
    enum class Status { draft, active, paused, archived };

    std::string id;
    std::string project_id;
    SurveyContent content;
    Status status = Status::draft;
    std::int64_t responses = 0;  ///< that it has
    std::int64_t created_ms = 0;
};

std::string_view name_of(Survey::Status status);
std::optional<Survey::Status> survey_status_named(std::string_view name);

/// What to change; what is absent stays.
struct SurveyChange {
    std::optional<std::string> name;
    std::optional<std::string> questions;
    std::optional<std::string> trigger_config;
    std::optional<std::string> appearance;
    std::optional<std::optional<std::int64_t>> response_limit;
};

struct SurveyResponse {
    std::string project_id;
    std::string survey_id;
    std::string event_id;        ///< of the event that brought it: unique within the project
    std::string answers = "[]";  ///< JSON array of `{"question_id","value"}`
    bool completed = true;
    std::string path;
    std::string visitor_id;
    std::string user_id;
    std::int64_t submitted_ms = 0;
};

enum class Recorded {
    fresh,
    known,  ///< there was a response of that event: it stays as it is, and counts once
};

/// Which responses of a survey, by when they were submitted, both ends included.
struct ResponseRange {
    std::string_view project_id;
    std::string_view survey_id;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};

struct ResponsePage {
    std::vector<SurveyResponse> responses;  ///< newest first
    std::int64_t total = 0;                 ///< of the range
};

/// Whose responses are to be erased: a user's, or a visitor's.
enum class Respondent { user, visitor };

/// Owns its connections to the metadata database. Lists are oldest first. A survey of another project is as good as
/// none: `not_found`. Thread safe.
class Surveys {
public:
    /// `clock` and `random` outlive it.
    static pulsekit::Result<std::unique_ptr<Surveys>> open(const std::string& database_path, pulsekit::Clock& clock,
                                                           pulsekit::Random& random);
    ~Surveys();

    pulsekit::Result<Survey> create(std::string_view project_id, SurveyContent content);
    pulsekit::Result<std::vector<Survey>> surveys(std::string_view project_id) const;
    /// Those that take responses now.
    pulsekit::Result<std::vector<Survey>> active(std::string_view project_id) const;
    pulsekit::Result<Survey> survey(std::string_view project_id, std::string_view id) const;
    /// Error `invalid`, with a message for the client: it is neither a draft nor paused.
    pulsekit::Result<Survey> change(std::string_view project_id, std::string_view id, const SurveyChange& change);
    pulsekit::Result<Survey> set_status(std::string_view project_id, std::string_view id, Survey::Status status);
    /// With its responses.
    pulsekit::Result<void> erase(std::string_view project_id, std::string_view id);

    /// Takes the response if the survey still takes any: that is looked at and written in one transaction, so that
    /// there are never more than its limit. Error `invalid`, with a message for the client: it takes none.
    pulsekit::Result<Recorded> record(const SurveyResponse& response);
    /// Takes a response back, as if it had never come.
    pulsekit::Result<void> withdraw(std::string_view project_id, std::string_view event_id);

    /// Both hold nobody up, however many there are.
    pulsekit::Result<ResponsePage> responses(const ResponseRange& range, std::int64_t limit, std::int64_t offset) const;
    /// Calls `each` with one after the other, in no order; an error that it returns ends it.
    pulsekit::Result<void> for_each_response(
        const ResponseRange& range,
        const std::function<pulsekit::Result<void>(std::string_view answers, bool completed)>& each) const;

    /// How many they were. When it returns no file has anything of them but that their events' ids are known. Error
    /// `unavailable`: the log still has it, because somebody reads there; the same may be asked again.
    pulsekit::Result<std::int64_t> erase_responses(std::string_view project_id, Respondent of, std::string_view id);

private:
    struct Impl;
    explicit Surveys(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::meta
