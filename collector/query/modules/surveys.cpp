// What a survey's responses say, taken together.
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "http/members.hpp"
#include "query/definitions/scale.hpp"
#include "query/module.hpp"
#include "query/ratio.hpp"

namespace collector::query {
namespace {

using http::Json;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

/// The answers to one question.
struct Tally {
    std::string id;
    std::string text;
    Scale scale;
    std::vector<std::int64_t> buckets;
    std::int64_t count = 0;
    double sum = 0;

    void add(const Json& answer) {
        const double value = answer.is_number() ? answer.get<double>() : NAN;
        if (!(value >= static_cast<double>(scale.min) && value <= static_cast<double>(scale.max))) return;
        ++buckets[bucket_of(scale, value)];
        ++count;
        sum += value;
    }
};

Result<meta::Survey> survey_of(const Context& context) {
    auto survey = context.surveys.survey(context.project.id, context.id);
    if (survey || survey.error().code != ErrorCode::not_found) return survey;
    return Error{ErrorCode::not_found, "Survey '" + context.id + "' not found."};
}

/// Only what is rated can be added up.
std::vector<Tally> tallies_of(const meta::Survey& survey) {
    std::vector<Tally> tallies;
    for (const auto& question : http::parse_json(survey.content.questions).value_or(Json::array())) {
        const auto scale = scale_of(question);
        if (!scale) continue;
        tallies.push_back({.id = question.value("id", ""),
                           .text = question.value("text", ""),
                           .scale = *scale,
                           .buckets = std::vector<std::int64_t>(buckets_of(*scale).size())});
    }
    return tallies;
}

/// Of a question that is answered twice in a response the last answer counts, as of members in JSON.
void add(const Json& answers, std::vector<Tally>& tallies) {
    std::map<std::string_view, const Json*> last;
    for (const auto& answer : answers) {
        const auto* question = http::member_of(answer, "question_id");
        const auto* value = http::member_of(answer, "value");
        const auto* id = question ? question->get_ptr<const std::string*>() : nullptr;
        if (id && value) last[*id] = value;
    }
    for (auto& tally : tallies) {
        if (const auto found = last.find(tally.id); found != last.end()) tally.add(*found->second);
    }
}

Json to_json(const Tally& tally) {
    auto distribution = Json::object();
    const auto names = buckets_of(tally.scale);
    for (std::size_t i = 0; i < names.size(); ++i) distribution[names[i]] = tally.buckets[i];
    return {{"id", tally.id},
            {"text", tally.text},
            {"avg_value", mean(tally.sum, tally.count, 1)},
            {"distribution", std::move(distribution)}};
}

Result<Json> stats(const Context& context, const Params& params) {
    const auto survey = survey_of(context);
    if (!survey) return survey.error();
    auto tallies = tallies_of(*survey);
    std::int64_t total = 0;
    std::int64_t completed = 0;
    const auto take = [&](std::string_view answers, bool is_complete) -> Result<void> {
        if (context.patience.ended()) return Error{ErrorCode::unavailable, "nobody waits for the answer"};
        ++total;
        completed += is_complete;
        if (const auto json = http::parse_json(answers); json && json->is_array()) add(*json, tallies);
        return {};
    };
    const auto read = context.surveys.for_each_response({.project_id = context.project.id,
                                                         .survey_id = survey->id,
                                                         .from_ms = params.range.from_ms,
                                                         .to_ms = params.range.to_ms},
                                                        take);
    if (!read) return read.error();
    auto questions = Json::array();
    for (const auto& tally : tallies) questions.push_back(to_json(tally));
    return Json{{"survey_id", survey->id},
                {"total_responses", total},
                {"completed_responses", completed},
                {"completion_rate", ratio(100 * completed, total, 1)},
                {"questions", std::move(questions)}};
}

}  // namespace

extern const Module kSurveys = {
    .name = "surveys",
    .path = "/api/v1/surveys/{id}/stats",
    .summary = "How many answered a survey, and how they rated",
    .gate = "surveys",
    .takes = {.all_time = true},
    .example = R"({"survey_id":"0195f4a1-7c00-7000-8000-000000000003","total_responses":142,"completed_responses":128,
        "completion_rate":90.1,"questions":[{"id":"q1","text":"How likely are you to recommend us?","avg_value":8.3,
        "distribution":{"0-6":12,"7-8":38,"9-10":92}}]})",
    .answer = stats};

}  // namespace collector::query
