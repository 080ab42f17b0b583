#include "meta/survey_rows.hpp"

#include <string>
#include <utility>

#include "meta/database.hpp"

namespace collector::meta {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using pulsekit::sqlite::Database;
using pulsekit::sqlite::Statement;

constexpr std::string_view kSurveyColumns =
    "SELECT id, name, status, questions, trigger_config, appearance, response_limit, responses, created_ms FROM "
    "surveys ";
constexpr std::string_view kInRange =
    "FROM survey_responses WHERE survey_id = ?1 AND project_id = ?2 AND submitted_ms BETWEEN ?3 AND ?4 "
    "AND answers IS NOT NULL ";

Result<std::vector<Survey>> read_surveys(Statement& rows, std::string_view project_id) {
    std::vector<Survey> found;
    auto read = for_each_row(rows, [&](const Statement& row) -> Result<void> {
        const auto status = survey_status_named(row.text(2));
        if (!status) return Error{ErrorCode::corrupt, "a stored survey has no status"};
        auto& survey = found.emplace_back();
        survey.id = row.text(0);
        survey.project_id = project_id;
        survey.content = {.name = std::string(row.text(1)),
                          .questions = std::string(row.text(3)),
                          .trigger_config = std::string(row.text(4)),
                          .appearance = std::string(row.text(5)),
                          .response_limit = std::nullopt};
        if (!row.is_null(6)) survey.content.response_limit = row.integer(6);
        survey.status = *status;
        survey.responses = row.integer(7);
        survey.created_ms = row.integer(8);
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

void bind(Statement& statement, const ResponseRange& range) {
    statement.bind(1, range.survey_id);
    statement.bind(2, range.project_id);
    statement.bind(3, range.from_ms);
    statement.bind(4, range.to_ms);
}

/// Runs a statement whose first two parameters are texts.
Result<std::int64_t> run(Database& database, std::string_view sql, std::string_view first, std::string_view second) {
    auto statement = database.prepare(sql);
    if (!statement) return std::move(statement).error();
    statement->bind(1, first);
    statement->bind(2, second);
    if (auto done = statement->run(); !done) return std::move(done).error();
    return database.changes();
}

}  // namespace

Result<std::vector<Survey>> find_surveys(Database& database, std::string_view project_id,
                                         std::optional<std::string_view> id) {
    auto rows = database.prepare(std::string(kSurveyColumns) +
                                 "WHERE project_id = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY seq");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    if (id) rows->bind(2, *id);
    return read_surveys(*rows, project_id);
}

Result<std::vector<Survey>> find_active_surveys(Database& database, std::string_view project_id) {
    auto rows = database.prepare(std::string(kSurveyColumns) +
                                 "WHERE project_id = ? AND status = 'active' "
                                 "AND (response_limit IS NULL OR responses < response_limit) ORDER BY seq");
    if (!rows) return std::move(rows).error();
    rows->bind(1, project_id);
    return read_surveys(*rows, project_id);
}

Result<void> write(Database& database, const Survey& survey) {
    auto row = database.prepare(
        "INSERT INTO surveys (id, project_id, name, status, questions, trigger_config, appearance, response_limit, "
        "responses, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, "
        "questions = excluded.questions, trigger_config = excluded.trigger_config, "
        "appearance = excluded.appearance, response_limit = excluded.response_limit");
    if (!row) return std::move(row).error();
    const auto& content = survey.content;
    row->bind(1, survey.id);
    row->bind(2, survey.project_id);
    row->bind(3, content.name);
    row->bind(4, name_of(survey.status));
    row->bind(5, content.questions);
    row->bind(6, content.trigger_config);
    row->bind(7, content.appearance);
    if (content.response_limit) {
        row->bind(8, *content.response_limit);
    } else {
        row->bind_null(8);
    }
    row->bind(9, survey.created_ms);
    return row->run();
}

Result<bool> is_recorded(Database& database, const SurveyResponse& response) {
    auto row = database.prepare("SELECT 1 FROM survey_responses WHERE project_id = ? AND event_id = ?");
    if (!row) return std::move(row).error();
    row->bind(1, response.project_id);
    row->bind(2, response.event_id);
    return row->step();
}

Result<void> insert(Database& database, const SurveyResponse& response) {
    auto row = database.prepare(
        "INSERT INTO survey_responses (project_id, event_id, survey_id, answers, completed, path, visitor_id, user_id, "
        "submitted_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!row) return std::move(row).error();
    row->bind(1, response.project_id);
    row->bind(2, response.event_id);
    row->bind(3, response.survey_id);
    row->bind(4, response.answers);
    row->bind(5, std::int64_t{response.completed});
    row->bind(6, response.path);
    row->bind(7, response.visitor_id);
    row->bind(8, response.user_id);
    row->bind(9, response.submitted_ms);
    if (auto done = row->run(); !done) return done;
    const auto counted = run(database, "UPDATE surveys SET responses = responses + 1 WHERE project_id = ? AND id = ?",
                             response.project_id, response.survey_id);
    return counted ? Result<void>() : counted.error();
}

Result<void> erase_response(Database& database, std::string_view project_id, std::string_view event_id) {
    for (const char* sql : {"UPDATE surveys SET responses = responses - 1 WHERE id = (SELECT survey_id "
                            "FROM survey_responses WHERE project_id = ? AND event_id = ? AND answers IS NOT NULL)",
                            "DELETE FROM survey_responses WHERE project_id = ? AND event_id = ?"}) {
        if (const auto done = run(database, sql, project_id, event_id); !done) return done.error();
    }
    return {};
}

Result<std::int64_t> empty_responses(Database& database, std::string_view project_id, Respondent of,
                                     std::string_view id) {
    const std::string whose = of == Respondent::user ? "user_id = ?2 AND user_id <> ''" : "visitor_id = ?2";
    const auto counted = run(database,
                             "UPDATE surveys SET responses = responses - (SELECT count(*) FROM survey_responses r "
                             "WHERE r.survey_id = surveys.id AND r.project_id = ?1 AND r.answers IS NOT NULL AND r." +
                                 whose + ") WHERE project_id = ?1",
                             project_id, id);
    if (!counted) return counted;
    return run(database,
               "UPDATE survey_responses SET answers = NULL, completed = 0, path = '', visitor_id = '', user_id = '', "
               "submitted_ms = 0 WHERE project_id = ?1 AND answers IS NOT NULL AND " +
                   whose,
               project_id, id);
}

Result<std::int64_t> count_responses(Database& database, const ResponseRange& range) {
    auto row = database.prepare("SELECT count(*) " + std::string(kInRange));
    if (!row) return std::move(row).error();
    bind(*row, range);
    if (auto stepped = row->step(); !stepped) return std::move(stepped).error();
    return row->integer(0);
}

Result<std::vector<SurveyResponse>> find_responses(Database& database, const ResponseRange& range, std::int64_t limit,
                                                   std::int64_t offset) {
    auto rows =
        database.prepare("SELECT event_id, answers, completed, path, visitor_id, user_id, submitted_ms " +
                         std::string(kInRange) + "ORDER BY submitted_ms DESC, event_id DESC LIMIT ?5 OFFSET ?6");
    if (!rows) return std::move(rows).error();
    bind(*rows, range);
    rows->bind(5, limit);
    rows->bind(6, offset);
    std::vector<SurveyResponse> found;
    auto read = for_each_row(*rows, [&](const Statement& row) -> Result<void> {
        found.push_back({.project_id = std::string(range.project_id),
                         .survey_id = std::string(range.survey_id),
                         .event_id = std::string(row.text(0)),
                         .answers = std::string(row.text(1)),
                         .completed = row.integer(2) != 0,
                         .path = std::string(row.text(3)),
                         .visitor_id = std::string(row.text(4)),
                         .user_id = std::string(row.text(5)),
                         .submitted_ms = row.integer(6)});
        return {};
    });
    if (!read) return std::move(read).error();
    return found;
}

Result<void> visit_responses(Database& database, const ResponseRange& range,
                             const std::function<Result<void>(std::string_view answers, bool completed)>& each) {
    auto rows = database.prepare("SELECT answers, completed " + std::string(kInRange));
    if (!rows) return std::move(rows).error();
    bind(*rows, range);
    return for_each_row(*rows, [&](const Statement& row) { return each(row.text(0), row.integer(1) != 0); });
}

}  // namespace collector::meta
