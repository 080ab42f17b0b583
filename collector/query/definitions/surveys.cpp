// Surveys: what is asked of whom, and what they answered.
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "http/members.hpp"
#include "meta/surveys.hpp"
#include "query/definitions/routes.hpp"
#include "query/definitions/scale.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::Project;
using meta::Survey;
using meta::SurveyChange;
using meta::Surveys;

constexpr std::size_t kMaxQuestions = 100;
constexpr std::size_t kMaxTextLength = 2048;
constexpr const char* kStatusRule = "one of 'draft', 'active', 'paused' or 'archived'";
constexpr const char* kScaleRule = "integers of which 'min' is less than 'max', by at most 100";
constexpr Takes kResponsesTake{.all_time = true, .limit = 10, .offset = true};

Json json_of(const std::string& text) { return http::parse_json(text).value_or(nullptr); }

Response answered(int status, const Survey& survey) {
    const auto& content = survey.content;
    return query::answered(status, {{"id", survey.id},
                                    {"name", content.name},
                                    {"status", meta::name_of(survey.status)},
                                    {"questions", json_of(content.questions)},
                                    {"trigger_config", json_of(content.trigger_config)},
                                    {"appearance", json_of(content.appearance)},
                                    {"response_limit", content.response_limit ? Json(*content.response_limit) : Json()},
                                    {"created_at", pulsekit::date_time_text(survey.created_ms)}});
}

Response refused(const pulsekit::Error& error, std::string_view id) {
    if (error.code == pulsekit::ErrorCode::invalid) return http::plain_error(400, error.message);
    return query::refused(error, "Survey", id);
}

/// What is wrong with a question's member, or nothing.
std::optional<Response> wrong_member(const Json& question, const std::string& called) {
    for (const auto& [name, max_length] :
         {std::pair("type", http::kMaxNameLength), std::pair("text", kMaxTextLength)}) {
        const auto text = http::required_text(question, name, max_length, called + "." + name);
        if (const auto* refused = std::get_if<Response>(&text)) return *refused;
    }
    for (const char* name : {"min", "max"}) {
        const auto* end = http::member_of(question, name);
        if (end && !end->is_number()) return http::invalid_field(called + "." + name, "a number");
    }
    const auto* required = http::member_of(question, "required");
    if (required && !required->is_boolean()) return http::invalid_field(called + ".required", "a boolean");
    const auto* options = http::member_of(question, "options");
    if (options && !options->is_array()) return http::invalid_field(called + ".options", "an array");
    if (question.at("type") == "rating" && !scale_of(question)) {
        return http::plain_error(
            400, "Invalid request body: the 'min' and 'max' of field '" + called + "' must be " + kScaleRule + ".");
    }
    return std::nullopt;
}

std::optional<Response> wrong_questions(const Json& questions) {
    if (!questions.is_array() || questions.empty() || questions.size() > kMaxQuestions) {
        return http::invalid_field("questions", "an array of 1 to " + std::to_string(kMaxQuestions) + " questions");
    }
    std::set<std::string> ids;
    for (const auto& question : questions) {
        const std::string called = "questions[" + std::to_string(ids.size()) + "]";
        if (!question.is_object()) return http::invalid_field(called, "an object");
        auto id = http::required_text(question, "id", http::kMaxNameLength, called + ".id");
        if (auto* refused = std::get_if<Response>(&id)) return std::move(*refused);
        if (!ids.insert(std::get<std::string>(std::move(id))).second) {
            return http::invalid_field(called + ".id", "unlike those of the other questions");
        }
        if (auto refused = wrong_member(question, called)) return refused;
    }
    return std::nullopt;
}

std::optional<Response> read_object(const Json& body, const char* name, std::optional<std::string>& into) {
    const auto* object = http::member_of(body, name);
    if (!object) return std::nullopt;
    if (!object->is_object()) return http::invalid_field(name, "an object");
    into = http::to_text(*object);
    return std::nullopt;
}

/// Unlike of other members, null says something: that there is no limit.
std::optional<Response> read_limit(const Json& body, SurveyChange& change) {
    const auto found = body.find("response_limit");
    if (found == body.end()) return std::nullopt;
    change.response_limit.emplace();
    if (found->is_null()) return std::nullopt;
    const bool is_limit = found->is_number_unsigned() && found->get<std::uint64_t>() > 0 &&
                          found->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX);
    if (!is_limit) return http::invalid_field("response_limit", "an integer greater than 0, or null");
    *change.response_limit = found->get<std::int64_t>();
    return std::nullopt;
}

/// The members that are there.
std::variant<SurveyChange, Response> read_change(const Json& body) {
    auto name = http::optional_text(body, "name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    SurveyChange change;
    if (!std::get<std::string>(name).empty()) change.name = std::get<std::string>(std::move(name));
    if (const auto* questions = http::member_of(body, "questions")) {
        if (auto refused = wrong_questions(*questions)) return *std::move(refused);
        change.questions = http::to_text(*questions);
    }
    if (auto refused = read_object(body, "trigger_config", change.trigger_config)) return *std::move(refused);
    if (auto refused = read_object(body, "appearance", change.appearance)) return *std::move(refused);
    if (auto refused = read_limit(body, change)) return *std::move(refused);
    return change;
}

Response create(Surveys& surveys, Request& request, const Project& project) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto name = http::required_text(std::get<Json>(body), "name");
    if (const auto* refused = std::get_if<Response>(&name)) return *refused;
    auto wanted = read_change(std::get<Json>(body));
    if (auto* refused = std::get_if<Response>(&wanted)) return std::move(*refused);
    auto& change = std::get<SurveyChange>(wanted);
    if (!change.questions) return http::missing_field("questions");
    const auto made = surveys.create(project.id, {.name = *std::move(change.name),
                                                  .questions = *std::move(change.questions),
                                                  .trigger_config = change.trigger_config.value_or("{}"),
                                                  .appearance = change.appearance.value_or("{}"),
                                                  .response_limit = change.response_limit.value_or(std::nullopt)});
    return made ? answered(201, *made) : http::failed(made.error());
}

Response list(const Surveys& surveys, const Project& project) {
    const auto found = surveys.surveys(project.id);
    if (!found) return http::failed(found.error());
    auto data = Json::array();
    for (const auto& survey : *found) {
        data.push_back({{"id", survey.id},
                        {"name", survey.content.name},
                        {"status", meta::name_of(survey.status)},
                        {"responses", survey.responses},
                        {"created_at", pulsekit::date_time_text(survey.created_ms)}});
    }
    return query::answered(200, {{"data", std::move(data)}});
}

Response read(const Surveys& surveys, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto survey = surveys.survey(project.id, id);
    return survey ? answered(200, *survey) : refused(survey.error(), id);
}

Response change(Surveys& surveys, Request& request, const Project& project) {
    const std::string id(request.path_value("id"));
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto wanted = read_change(std::get<Json>(body));
    if (const auto* refused = std::get_if<Response>(&wanted)) return *refused;
    const auto& change = std::get<SurveyChange>(wanted);
    if (!change.name && !change.questions && !change.trigger_config && !change.appearance && !change.response_limit) {
        return http::plain_error(400,
                                 "Invalid request body: expected 'name', 'questions', 'trigger_config', 'appearance' "
                                 "or 'response_limit'.");
    }
    const auto changed = surveys.change(project.id, id, change);
    return changed ? answered(200, *changed) : refused(changed.error(), id);
}

Response change_status(Surveys& surveys, Request& request, const Project& project) {
    const std::string id(request.path_value("id"));
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto name = http::required_text(std::get<Json>(body), "status");
    if (const auto* refused = std::get_if<Response>(&name)) return *refused;
    const auto status = meta::survey_status_named(std::get<std::string>(name));
    if (!status) return http::invalid_field("status", kStatusRule);
    const auto changed = surveys.set_status(project.id, id, *status);
    return changed ? answered(200, *changed) : refused(changed.error(), id);
}

Response erase(Surveys& surveys, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto erased = surveys.erase(project.id, id);
    return erased ? Response{.status = 204} : refused(erased.error(), id);
}

Response responses(const Sources& sources, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto params = parse(request, kResponsesTake, sources.clock.unix_ms());
    if (!params) return http::plain_error(400, params.error().message);
    if (const auto survey = sources.surveys.survey(project.id, id); !survey) return refused(survey.error(), id);
    const auto page = sources.surveys.responses(
        {.project_id = project.id, .survey_id = id, .from_ms = params->range.from_ms, .to_ms = params->range.to_ms},
        params->page.limit, params->page.offset);
    if (!page) return http::failed(page.error());
    auto data = Json::array();
    for (const auto& response : page->responses) {
        data.push_back({{"id", response.event_id},
                        {"answers", json_of(response.answers)},
                        {"completed", response.completed},
                        {"path", response.path.empty() ? Json() : Json(response.path)},
                        {"submitted_at", pulsekit::date_time_text(response.submitted_ms)}});
    }
    return query::answered(200, {{"data", std::move(data)}, {"total", page->total}});
}

struct Examples {
    std::string content =
        R"("questions":[{"id":"q1","type":"rating","text":"How likely are you to recommend us?",
        "min":0,"max":10},{"id":"q2","type":"text","text":"What could we improve?","required":false}],
        "trigger_config":{"type":"time_on_page","delay_seconds":30,"pages":["/dashboard","/app/*"],"show_once":true},
        "appearance":{"position":"bottom-right","theme":"dark","primary_color":"#6366f1"},"response_limit":500)";
    std::string request = R"({"name":"NPS Survey",)" + content + "}";
    std::string survey = R"({"id":"s1b2c3d4","name":"NPS Survey","status":"draft",)" + content +
                         R"(,"created_at":"2026-03-01T10:00:00Z"})";
    std::string list = R"({"data":[{"id":"s1b2c3d4","name":"NPS Survey","status":"active","responses":142,
        "created_at":"2026-03-01T10:00:00Z"}]})";
    std::string responses = R"({"data":[{"id":"e1","answers":[{"question_id":"q1","value":9}],"completed":true,
        "path":"/dashboard","submitted_at":"2026-03-22T14:12:00Z"}],"total":142})";
};

}  // namespace

std::vector<http::Route> survey_routes(meta::Access& access, const Sources& sources) {
    auto& surveys = sources.surveys;
    const auto route = [&](const DefinitionRoute& told, Serve serve) {
        return definition_route(told, "surveys", access, sources, std::move(serve));
    };
    constexpr std::string_view kAll = "/api/v1/surveys";
    constexpr std::string_view kOne = "/api/v1/surveys/{id}";
    const Examples examples;
    return {
        route({"POST", kAll, "Creates a survey, as a draft", examples.request, examples.survey, 201},
              [&surveys](Request& request, const Project& project) { return create(surveys, request, project); }),
        route({"GET", kAll, "Lists the surveys, with how many responses each has", {}, examples.list},
              [&surveys](Request&, const Project& project) { return list(surveys, project); }),
        route({"GET", kOne, "A survey", {}, examples.survey},
              [&surveys](Request& request, const Project& project) { return read(surveys, request, project); }),
        route({"PUT", kOne, "Changes a survey that is a draft or paused", examples.request, examples.survey},
              [&surveys](Request& request, const Project& project) { return change(surveys, request, project); }),
        route({"DELETE", kOne, "Deletes a survey and its responses", {}, {}, 204},
              [&surveys](Request& request, const Project& project) { return erase(surveys, request, project); }),
        route(
            {"PUT", "/api/v1/surveys/{id}/status", "Sets a survey's status", R"({"status":"active"})", examples.survey},
            [&surveys](Request& request, const Project& project) { return change_status(surveys, request, project); }),
        route({"GET",
               "/api/v1/surveys/{id}/responses",
               "The responses to a survey, newest first",
               {},
               examples.responses,
               200,
               kResponsesTake},
              [sources](Request& request, const Project& project) { return responses(sources, request, project); }),
    };
}

}  // namespace collector::query
