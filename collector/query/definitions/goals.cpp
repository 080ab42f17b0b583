// Goals: what a visit is for.
#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "http/members.hpp"
#include "meta/definitions.hpp"
#include "query/definitions/routes.hpp"
#include "query/values.hpp"
#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using http::Request;
using http::Response;
using meta::Aim;
using meta::Definitions;
using meta::Goal;
using meta::GoalChange;
using meta::Project;

Json config_json(const Aim& aim) {
    switch (aim.type) {
        case Aim::Type::pageview: return {{"path", aim.target}};
        case Aim::Type::event: return {{"event_name", aim.target}};
        case Aim::Type::duration: return {{"threshold_seconds", number(aim.threshold)}};
        case Aim::Type::pages_per_session: return {{"threshold_pages", number(aim.threshold)}};
    }
    return Json::object();
}

Json to_json(const Goal& goal) {
    return {{"id", goal.id},
            {"name", goal.name},
            {"goal_type", meta::name_of(goal.aim.type)},
            {"config", config_json(goal.aim)},
            {"created_at", pulsekit::date_time_text(goal.created_ms)}};
}

std::variant<Aim, Response> read_target(const Json& config, Aim::Type type) {
    const bool is_path = type == Aim::Type::pageview;
    auto target = is_path ? http::required_text(config, "path", kMaxPathLength, "config.path")
                          : http::required_text(config, "event_name", http::kMaxNameLength, "config.event_name");
    if (auto* refused = std::get_if<Response>(&target)) return std::move(*refused);
    return Aim{.type = type, .target = std::get<std::string>(std::move(target))};
}

std::variant<Aim, Response> read_seconds(const Json& config) {
    const auto* seconds = http::member_of(config, "threshold_seconds");
    if (!seconds) return http::missing_field("config.threshold_seconds");
    if (!seconds->is_number() || !(seconds->get<double>() > 0)) {
        return http::invalid_field("config.threshold_seconds", "a number greater than 0");
    }
    return Aim{.type = Aim::Type::duration, .threshold = seconds->get<double>()};
}

std::variant<Aim, Response> read_pages(const Json& config) {
    for (const char* name : {"threshold_pages", "min_pages", "threshold"}) {
        const auto* pages = http::member_of(config, name);
        if (!pages) continue;
        const double value = pages->is_number() ? pages->get<double>() : 0;
        if (!(value > 0) || std::trunc(value) != value) {
            return http::invalid_field("config." + std::string(name), "an integer greater than 0");
        }
        return Aim{.type = Aim::Type::pages_per_session, .threshold = value};
    }
    return http::missing_field("config.threshold_pages");
}

std::variant<Aim, Response> read_aim(Aim::Type type, const Json& config) {
    switch (type) {
        case Aim::Type::pageview:
        case Aim::Type::event: return read_target(config, type);
        case Aim::Type::duration: return read_seconds(config);
        case Aim::Type::pages_per_session: break;
    }
    return read_pages(config);
}

/// The members that are there, each by itself as it must be.
struct Members {
    std::string name;
    std::optional<Aim::Type> type;
    const Json* config = nullptr;
};

std::variant<Members, Response> read_members(const Json& body) {
    auto name = http::optional_text(body, "name");
    if (auto* refused = std::get_if<Response>(&name)) return std::move(*refused);
    const auto type = http::optional_text(body, "goal_type");
    if (const auto* refused = std::get_if<Response>(&type)) return *refused;
    Members members{.name = std::get<std::string>(std::move(name)), .config = http::member_of(body, "config")};
    if (const auto& type_name = std::get<std::string>(type); !type_name.empty()) {
        members.type = meta::aim_type_named(type_name);
        if (!members.type) {
            return http::invalid_field("goal_type", "one of 'pageview', 'event', 'duration' or 'pages_per_session'");
        }
    }
    if (members.config && !members.config->is_object()) return http::invalid_field("config", "an object");
    return members;
}

Response create(Definitions& definitions, Request& request, const Project& project) {
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto& object = std::get<Json>(body);
    for (const char* name : {"name", "goal_type"}) {
        const auto text = http::required_text(object, name);
        if (const auto* refused = std::get_if<Response>(&text)) return *refused;
    }
    const auto read = read_members(object);
    if (const auto* refused = std::get_if<Response>(&read)) return *refused;
    const auto& members = std::get<Members>(read);
    if (!members.config) return http::missing_field("config");
    auto aim = read_aim(*members.type, *members.config);
    if (auto* refused = std::get_if<Response>(&aim)) return std::move(*refused);
    const auto made = definitions.create_goal(project.id, members.name, std::get<Aim>(std::move(aim)));
    return made ? answered(201, to_json(*made)) : http::failed(made.error());
}

Response list(const Definitions& definitions, const Project& project) {
    const auto goals = definitions.goals(project.id);
    if (!goals) return http::failed(goals.error());
    auto data = Json::array();
    for (const auto& goal : *goals) data.push_back(to_json(goal));
    return answered(200, {{"data", std::move(data)}});
}

Response read(const Definitions& definitions, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto goal = definitions.goal(project.id, id);
    return goal ? answered(200, to_json(*goal)) : refused(goal.error(), "Goal", id);
}

/// What the members make of a goal that aims at `present`.
std::variant<GoalChange, Response> change_of(const Members& members, Aim::Type present) {
    GoalChange change;
    if (!members.name.empty()) change.name = members.name;
    const auto type = members.type.value_or(present);
    if (members.config) {
        auto aim = read_aim(type, *members.config);
        if (auto* refused = std::get_if<Response>(&aim)) return std::move(*refused);
        change.aim = std::get<Aim>(std::move(aim));
    } else if (type != present) {
        return http::missing_field("config");  // what the goal has is of another type
    }
    return change;
}

Response change(Definitions& definitions, Request& request, const Project& project) {
    const std::string id(request.path_value("id"));
    auto body = http::object_of(request);
    if (auto* refused = std::get_if<Response>(&body)) return std::move(*refused);
    const auto read = read_members(std::get<Json>(body));
    if (const auto* refused = std::get_if<Response>(&read)) return *refused;
    const auto& members = std::get<Members>(read);
    if (members.name.empty() && !members.type && !members.config) {
        return http::plain_error(400, "Invalid request body: expected 'name', 'goal_type' or 'config'.");
    }
    if (members.type && members.config) {
        const auto aim = read_aim(*members.type, *members.config);  // wrong whatever the goal is, if there is one
        if (const auto* refused = std::get_if<Response>(&aim)) return *refused;
    }
    const auto goal = definitions.goal(project.id, id);
    if (!goal) return refused(goal.error(), "Goal", id);
    const auto wanted = change_of(members, goal->aim.type);
    if (const auto* refused = std::get_if<Response>(&wanted)) return *refused;
    const auto changed = definitions.change_goal(project.id, id, std::get<GoalChange>(wanted));
    return changed ? answered(200, to_json(*changed)) : refused(changed.error(), "Goal", id);
}

Response erase(Definitions& definitions, const Request& request, const Project& project) {
    const auto id = request.path_value("id");
    const auto erased = definitions.erase_goal(project.id, id);
    return erased ? Response{.status = 204} : refused(erased.error(), "Goal", id);
}

}  // namespace

std::vector<http::Route> goal_routes(meta::Access& access, const Sources& sources) {
    auto& definitions = sources.definitions;
    const auto route = [&](const DefinitionRoute& told, Serve serve) {
        return definition_route(told, "goals", access, sources, std::move(serve));
    };
    constexpr std::string_view kAll = "/api/v1/goals";
    constexpr std::string_view kOne = "/api/v1/goals/{id}";
    const std::string wanted =
        R"({"name":"Completed Purchase","goal_type":"event","config":{"event_name":"purchase"}})";
    const std::string goal = R"({"id":"g9a8b7c6","name":"Completed Purchase","goal_type":"event",
        "config":{"event_name":"purchase"},"created_at":"2026-01-20T08:00:00Z"})";
    const std::string listed = R"({"data":[)" + goal + "]}";
    return {
        route(
            {"POST", kAll, "Creates a goal", wanted, goal, 201},
            [&definitions](Request& request, const Project& project) { return create(definitions, request, project); }),
        route({"GET", kAll, "Lists the goals", {}, listed},
              [&definitions](Request&, const Project& project) { return list(definitions, project); }),
        route({"GET", kOne, "A goal", {}, goal},
              [&definitions](Request& request, const Project& project) { return read(definitions, request, project); }),
        route(
            {"PUT", kOne, "Changes a goal's name, what it aims at or both", wanted, goal},
            [&definitions](Request& request, const Project& project) { return change(definitions, request, project); }),
        route(
            {"DELETE", kOne, "Deletes a goal", {}, {}, 204},
            [&definitions](Request& request, const Project& project) { return erase(definitions, request, project); }),
    };
}

}  // namespace collector::query
