#include "ingest/active_surveys.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "http/json.hpp"
#include "http/members.hpp"

namespace collector::ingest {
namespace {

using http::Json;
using meta::Access;

Json to_json(const meta::Survey& survey) {
    const auto json = [](const std::string& text) { return http::parse_json(text).value_or(nullptr); };
    return {{"id", survey.id},
            {"name", survey.content.name},
            {"questions", json(survey.content.questions)},
            {"trigger_config", json(survey.content.trigger_config)},
            {"appearance", json(survey.content.appearance)}};
}

http::Response answer(const http::Request& request, Access& access, meta::Surveys& surveys) {
    const auto admitted = access.admit(meta::key_of(request, meta::KeyPlace::x_pulse_key), meta::Scope::ingest,
                                       meta::Traffic::analytics_ingest);
    if (const auto* denial = std::get_if<meta::Denial>(&admitted)) return meta::response_to(*denial);
    const auto& grant = std::get<meta::Grant>(admitted);
    if (const auto denial = Access::module_allows(grant, "surveys", model::ModuleAccess::read))
        return meta::response_to(*denial);
    const auto active = surveys.active(grant.project_id());
    if (!active) return http::failed(active.error());
    auto data = Json::array();
    for (const auto& survey : *active) data.push_back(to_json(survey));
    return {.body = http::to_text({{"data", std::move(data)}})};
}

}  // namespace

http::Route active_surveys_route(Access& access, meta::Surveys& surveys) {
    return {
        .method = "GET",
        .pattern = "/api/v1/surveys/active",
        .handler = [&access, &surveys](
                       http::Request request,
                       http::Responder responder) { responder.answer(answer(request, access, surveys)); },
        .envelope = http::plain_envelope,
        .summary = "The surveys that take responses now, for the pages that show them",
        .access = "ingest",
        .cross_origin = true,
        .document = {.key_header = std::string(meta::header_of(meta::KeyPlace::x_pulse_key)),
                     .answer = R"({"data":[{"id":"0195f4a1-7c00-7000-8000-000000000003","name":"NPS Survey","questions":
                        [{"id":"q1","type":"rating","text":"How likely are you to recommend us?","min":0,"max":10,"required":true}],
                        "trigger_config":{"type":"time_on_page","delay_seconds":30,"pages":["/dashboard"]},
                        "appearance":{"position":"bottom-right","theme":"dark"}}]})"}};
}

}  // namespace collector::ingest
