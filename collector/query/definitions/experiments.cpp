// Experiments: variants that visitors are shown, and which of them does better.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "http/members.hpp"
#include "meta/experiments.hpp"
#include "query/definitions/routes.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::Experiment;
using meta::Experiments;
using meta::Project;
using meta::Variant;

constexpr std::size_t kMinVariants = 2;
constexpr std::size_t kMaxVariants = 100;
constexpr std::size_t kMaxDescriptionLength = 2048;
constexpr double kAllWeights = 100;
constexpr double kWeightsMayLack = 0.01 + 1e-9;  // thirds have to be cut somewhere; and what sums of doubles are off

Json variants_json(const Experiment& experiment) {
    auto variants = Json::array();
    for (const auto& variant : experiment.variants) {
        variants.push_back({{"name", variant.name}, {"weight", number(variant.weight)}});
    }
    return variants;
}

Json to_json(const Experiment& experiment) {
    Json json{{"id", experiment.id}, {"name", experiment.name}};
    if (!experiment.description.empty()) json["description"] = experiment.description;
    json["status"] = meta::name_of(experiment.status);
    json["variants"] = variants_json(experiment);
    json["goal_id"] = experiment.goal_id.empty() ? Json() : Json(experiment.goal_id);
    json["created_at"] = pulsekit::date_time_text(experiment.created_ms);
    return json;
}

std::variant<Variant, Response> read_variant(const Json& item, const std::string& called) {
    if (!item.is_object()) return http::invalid_field(called, "an object");
    auto name = http::required_text(item, "name", http::kMaxNameLength, called + ".name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    const auto* weight = http::member_of(item, "weight");
    if (!weight) return http::missing_field(called + ".weight");
    if (!weight->is_number() || !(weight->get<double>() >= 0)) {
        return http::invalid_field(called + ".weight", "a number not below 0");
    }
    return Variant{.name = std::get<std::string>(std::move(name)), .weight = weight->get<double>()};
}

std::variant<std::vector<Variant>, Response> read_variants(const Json& body) {
    const auto* items = http::member_of(body, "variants");
    if (!items) return http::missing_field("variants");
    if (!items->is_array() || items->size() < kMinVariants || items->size() > kMaxVariants) {
        return http::invalid_field("variants", "an array of " + std::to_string(kMinVariants) + " to " +
                                                   std::to_string(kMaxVariants) + " variants");
    }
    std::vector<Variant> variants;
    double weights = 0;
    for (const auto& item : *items) {
        const auto called = "variants[" + std::to_string(variants.size()) + "]";
        auto read = read_variant(item, called);
        if (auto* refused = std::get_if<Response>(&read)) return std::move(*refused);
        auto& variant = std::get<Variant>(read);
        const bool is_known = std::any_of(variants.begin(), variants.end(),
                                          [&](const Variant& other) { return other.name == variant.name; });
        if (is_known) return http::invalid_field(called + ".name", "unique");
        weights += variant.weight;
        variants.push_back(std::move(variant));
    }
    if (std::abs(weights - kAllWeights) > kWeightsMayLack) {
        return http::invalid_field("variants", "variants whose weights add up to 100");
    }
    return variants;
}

std::variant<Experiment, Response> read_experiment(const Json& body) {
    auto name = http::required_text(body, "name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    auto description = http::optional_text(body, "description", kMaxDescriptionLength);
    if (auto* refused = std::get_if<Response>(&description)) return std::move(*refused);
    auto variants = read_variants(body);
    if (auto* refused = std::get_if<Response>(&variants)) return std::move(*refused);
    auto goal_id = http::optional_text(body, "goal_id");
    if (auto* refused = std::get_if<Response>(&goal_id)) return std::move(*refused);
    return Experiment{.id = {},
                      .project_id = {},
                      .name = std::get<std::string>(std::move(name)),
                      .description = std::get<std::string>(std::move(description)),
                      .variants = std::get<std::vector<Variant>>(std::move(variants)),
                      .goal_id = std::get<std::string>(std::move(goal_id))};
}

Response create(Experiments& experiments, Request& request, const Project& project) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    auto read = read_experiment(std::get<Json>(body));
    if (auto* refused = std::get_if<Response>(&read)) return std::move(*refused);
    auto& wanted = std::get<Experiment>(read);
    wanted.project_id = project.id;
    const auto made = experiments.create(std::move(wanted));
    return made ? answered(201, to_json(*made)) : http::failed(made.error());
}

Response list(const Experiments& experiments, const Project& project) {
    const auto all = experiments.list(project.id);
    if (!all) return http::failed(all.error());
    auto data = Json::array();
    for (const auto& experiment : *all) {
        data.push_back({{"id", experiment.id},
                        {"name", experiment.name},
                        {"status", meta::name_of(experiment.status)},
                        {"variants", experiment.variants.size()},
                        {"created_at", pulsekit::date_time_text(experiment.created_ms)}});
    }
    return answered(200, {{"data", std::move(data)}});
}

Response read(const Experiments& experiments, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto experiment = experiments.find(project.id, id);
    return experiment ? answered(200, to_json(*experiment)) : refused(experiment.error(), "Experiment", id);
}

Response change_status(Experiments& experiments, Request& request, const Project& project) {
    const std::string id(request.path_value("id"));
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto name = http::required_text(std::get<Json>(body), "status");
    if (const auto* refused = std::get_if<Response>(&name)) return *refused;
    const auto status = meta::experiment_status_named(std::get<std::string>(name));
    if (!status) return http::invalid_field("status", "one of 'draft', 'running', 'paused' or 'completed'");
    const auto changed = experiments.change_status(project.id, id, *status);
    return changed ? answered(200, to_json(*changed)) : refused(changed.error(), "Experiment", id);
}

Response erase(Experiments& experiments, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto erased = experiments.erase(project.id, id);
    return erased ? Response{.status = 204} : refused(erased.error(), "Experiment", id);
}

}  // namespace

std::vector<http::Route> experiment_routes(meta::Access& access, const Sources& sources) {
    auto& experiments = sources.experiments;
    const auto route = [&](const DefinitionRoute& told, Serve serve) {
        return definition_route(told, "ab_testing", access, sources, std::move(serve));
    };
    constexpr std::string_view kAll = "/api/v1/experiments";
    constexpr std::string_view kOne = "/api/v1/experiments/{id}";
    constexpr std::string_view kStatus = "/api/v1/experiments/{id}/status";
    const std::string members = R"("name":"CTA Button Color","description":"Which call to action converts best")";
    const std::string rest =
        R"("variants":[{"name":"control_blue","weight":33.4},{"name":"variant_green","weight":33.3},
            {"name":"variant_orange","weight":33.3}],"goal_id":"g9a8b7c6")";
    const auto experiment = [&](const std::string& status) {
        return R"({"id":"e1a2b3c4",)" + members + R"(,"status":")" + status + R"(",)" + rest +
               R"(,"created_at":"2026-03-22T14:30:00Z"})";
    };
    const std::string listed = R"({"data":[{"id":"e1a2b3c4","name":"CTA Button Color","status":"running","variants":3,
        "created_at":"2026-03-22T14:30:00Z"}]})";
    return {
        route(
            {"POST", kAll, "Creates an experiment", "{" + members + "," + rest + "}", experiment("draft"), 201},
            [&experiments](Request& request, const Project& project) { return create(experiments, request, project); }),
        route({"GET", kAll, "Lists the experiments, with how many variants each has", {}, listed},
              [&experiments](Request&, const Project& project) { return list(experiments, project); }),
        route({"GET", kOne, "An experiment with its variants", {}, experiment("running")},
              [&experiments](Request& request, const Project& project) { return read(experiments, request, project); }),
        route({"PUT", kStatus, "Starts an experiment, pauses it or ends it", R"({"status":"completed"})",
               experiment("completed")},
              [&experiments](Request& request, const Project& project) {
                  return change_status(experiments, request, project);
              }),
        route(
            {"DELETE", kOne, "Deletes an experiment that is a draft or completed, with its assignments", {}, {}, 204},
            [&experiments](Request& request, const Project& project) { return erase(experiments, request, project); }),
    };
}

}  // namespace collector::query
