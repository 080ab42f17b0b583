// Funnels: the steps that visitors should take, one after the other.
#include <iterator>
#include <optional>
#include <utility>
#include <variant>

#include "http/members.hpp"
#include "meta/definitions.hpp"
#include "query/definitions/routes.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::Definitions;
using meta::Funnel;
using meta::FunnelChange;
using meta::FunnelStep;
using meta::Project;

constexpr std::size_t kMaxSteps = 50;

Json steps_json(const Funnel& funnel) {
    auto steps = Json::array();
    for (const auto& step : funnel.steps) {
        steps.push_back({{"type", meta::name_of(step.type)}, {"value", step.value}, {"label", step.label}});
    }
    return steps;
}

Json to_json(const Funnel& funnel, Json steps) {
    return {{"id", funnel.id},
            {"name", funnel.name},
            {"steps", std::move(steps)},
            {"created_at", pulsekit::date_time_text(funnel.created_ms)}};
}

Response answered(int status, const Funnel& funnel) {
    return query::answered(status, to_json(funnel, steps_json(funnel)));
}

std::variant<FunnelStep, Response> read_step(const Json& item, const std::string& called) {
    if (!item.is_object()) return http::invalid_field(called, "an object");
    const auto type_name = http::required_text(item, "type", http::kMaxNameLength, called + ".type");
    if (const auto* refused = std::get_if<Response>(&type_name)) return *refused;
    const auto type = meta::step_type_named(std::get<std::string>(type_name));
    if (!type) return http::invalid_field(called + ".type", "one of 'pageview' or 'event'");
    const bool is_path = *type == FunnelStep::Type::pageview;
    auto value = http::required_text(item, "value", is_path ? kMaxPathLength : http::kMaxNameLength, called + ".value");
    if (auto* refused = std::get_if<Response>(&value)) return std::move(*refused);
    auto label = http::optional_text(item, "label", http::kMaxNameLength, called + ".label");
    if (auto* refused = std::get_if<Response>(&label)) return std::move(*refused);
    FunnelStep step{.type = *type,
                    .value = std::get<std::string>(std::move(value)),
                    .label = std::get<std::string>(std::move(label))};
    if (step.label.empty()) step.label = step.value;
    return step;
}

std::variant<std::vector<FunnelStep>, Response> read_steps(const Json& items) {
    if (!items.is_array() || items.empty() || items.size() > kMaxSteps) {
        return http::invalid_field("steps", "an array of 1 to " + std::to_string(kMaxSteps) + " steps");
    }
    std::vector<FunnelStep> steps;
    for (const auto& item : items) {
        auto step = read_step(item, "steps[" + std::to_string(steps.size()) + "]");
        if (auto* refused = std::get_if<Response>(&step)) return std::move(*refused);
        steps.push_back(std::get<FunnelStep>(std::move(step)));
    }
    return steps;
}

/// The members that are there.
std::variant<FunnelChange, Response> read_change(const Json& body) {
    auto name = http::optional_text(body, "name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    FunnelChange change;
    if (!std::get<std::string>(name).empty()) change.name = std::get<std::string>(std::move(name));
    if (const auto* items = http::member_of(body, "steps")) {
        auto steps = read_steps(*items);
        if (auto* refused = std::get_if<Response>(&steps)) return std::move(*refused);
        change.steps = std::get<std::vector<FunnelStep>>(std::move(steps));
    }
    return change;
}

Response create(Definitions& definitions, Request& request, const Project& project) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    auto name = http::required_text(std::get<Json>(body), "name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    auto wanted = read_change(std::get<Json>(body));
    if (auto* refused = std::get_if<Response>(&wanted)) return std::move(*refused);
    auto& change = std::get<FunnelChange>(wanted);
    if (!change.steps) return http::missing_field("steps");
    const auto made = definitions.create_funnel(project.id, std::get<std::string>(name), *std::move(change.steps));
    return made ? answered(201, *made) : http::failed(made.error());
}

Response list(const Definitions& definitions, const Project& project) {
    const auto funnels = definitions.funnels(project.id);
    if (!funnels) return http::failed(funnels.error());
    auto data = Json::array();
    for (const auto& funnel : *funnels) data.push_back(to_json(funnel, funnel.steps.size()));
    return query::answered(200, {{"data", std::move(data)}});
}

Response read(const Definitions& definitions, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto funnel = definitions.funnel(project.id, id);
    return funnel ? answered(200, *funnel) : refused(funnel.error(), "Funnel", id);
}

Response change(Definitions& definitions, Request& request, const Project& project) {
    const std::string id(request.path_value("id"));
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto wanted = read_change(std::get<Json>(body));
    if (const auto* refused = std::get_if<Response>(&wanted)) return *refused;
    const auto& change = std::get<FunnelChange>(wanted);
    if (!change.name && !change.steps) {
        return http::plain_error(400, "Invalid request body: expected 'name' or 'steps'.");
    }
    const auto changed = definitions.change_funnel(project.id, id, change);
    return changed ? answered(200, *changed) : refused(changed.error(), "Funnel", id);
}

Response erase(Definitions& definitions, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto erased = definitions.erase_funnel(project.id, id);
    return erased ? Response{.status = 204} : refused(erased.error(), "Funnel", id);
}

}  // namespace

std::vector<http::Route> funnel_routes(meta::Access& access, const Sources& sources) {
    auto& definitions = sources.definitions;
    const auto route = [&](const DefinitionRoute& told, Serve serve) {
        return definition_route(told, "funnels", access, sources, std::move(serve));
    };
    constexpr std::string_view kAll = "/api/v1/funnels";
    constexpr std::string_view kOne = "/api/v1/funnels/{id}";
    const std::string wanted =
        R"({"name":"Signup Flow","steps":[{"type":"pageview","value":"/pricing","label":"Pricing Page"},
            {"type":"event","value":"signup_complete","label":"Signup Complete"}]})";
    const std::string funnel =
        R"({"id":"f1a2b3c4","name":"Signup Flow","steps":[{"type":"pageview","value":"/pricing",
            "label":"Pricing Page"},{"type":"event","value":"signup_complete","label":"Signup Complete"}],
            "created_at":"2026-03-22T14:30:00Z"})";
    const std::string listed =
        R"({"data":[{"id":"f1a2b3c4","name":"Signup Flow","steps":2,"created_at":"2026-03-22T14:30:00Z"}]})";
    return {
        route(
            {"POST", kAll, "Creates a funnel", wanted, funnel, 201},
            [&definitions](Request& request, const Project& project) { return create(definitions, request, project); }),
        route({"GET", kAll, "Lists the funnels, with how many steps each has", {}, listed},
              [&definitions](Request&, const Project& project) { return list(definitions, project); }),
        route({"GET", kOne, "A funnel with its steps", {}, funnel},
              [&definitions](Request& request, const Project& project) { return read(definitions, request, project); }),
        route(
            {"PUT", kOne, "Changes a funnel's name, its steps or both", wanted, funnel},
            [&definitions](Request& request, const Project& project) { return change(definitions, request, project); }),
        route(
            {"DELETE", kOne, "Deletes a funnel", {}, {}, 204},
            [&definitions](Request& request, const Project& project) { return erase(definitions, request, project); }),
    };
}

}  // namespace collector::query
