// The definitions of a case file, as the administration and a project's keys would have made them:
//
//   funnels   [{"name": ..., "steps": [{"type": ..., "value": ..., "label": ...}]}]
//   goals     [{"name": ..., "goal_type": ..., "config": {...}}]
//   surveys   [{"name": ..., "questions": [...], "responses": [{"at": ..., "answers": [...], "completed": true}]}];
//             `repeat`: so many of a response
//   experiments  [{"name": ..., "created_at": ..., "status": [...], "variants": [{"name": ..., "weight": ...}],
//                  "goal_id": ..., "assigned": [{"visitor": ..., "variant": ..., "at": ..., "repeat": ...}]}]
//
// An experiment goes through the states of its `status`. `repeat` is as of events: `#` in `visitor` becomes 0, 1, ...
// Each is the project `p`'s, or its own `project`'s. In the file's cases `<name>` stands for the id of what has the
// name.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/json.hpp"
#include "meta/database.hpp"
#include "meta/definitions.hpp"
#include "meta/experiment_rows.hpp"
#include "meta/experiments.hpp"
#include "meta/shares.hpp"
#include "meta/surveys.hpp"
#include "meta/tables.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/compact.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/seeded_random.hpp"

namespace collector::query::test {

class Defined {
public:
    explicit Defined(const std::string& database_path, const http::Json& file = http::Json::object())
        : definitions_(meta::Definitions::open(database_path, clock_, random_).value()),
          experiments_(meta::Experiments::open(database_path, clock_, random_).value()),
          surveys_(meta::Surveys::open(database_path, clock_, random_).value()),
          shares_(meta::Shares::open(database_path, clock_, random_).value()),
          database_(meta::open_database(database_path).value()) {
        const auto funnels = file.value("funnels", http::Json::array());
        const auto goals = file.value("goals", http::Json::array());
        const auto experiments = file.value("experiments", http::Json::array());
        const auto surveys = file.value("surveys", http::Json::array());
        auto tables = meta::Tables::open(database_path).value();
        std::set<std::string> projects = {"p", "q"};
        for (const auto& list : {funnels, goals, experiments, surveys}) {
            for (const auto& one : list) projects.insert(one.value("project", "p"));
        }
        for (const auto& id : projects) EXPECT_TRUE(tables.insert(meta::Project{.id = id, .name = id}).ok());
        for (const auto& one : funnels) add_funnel(one);
        for (const auto& one : goals) add_goal(one);
        for (const auto& one : experiments) add_experiment(resolved(one));
        for (const auto& one : surveys) add_survey(one);
    }

    meta::Definitions& definitions() { return *definitions_; }
    meta::Experiments& experiments() { return *experiments_; }
    meta::Surveys& surveys() { return *surveys_; }
    meta::Shares& shares() { return *shares_; }

    /// Whatever variant the visitors would fall to by themselves.
    void assign(const meta::Experiment& experiment, const std::vector<meta::Assignment>& assignments) {
        auto transaction = pulsekit::sqlite::Transaction::begin(database_).value();
        for (const auto& one : assignments) ASSERT_TRUE(meta::insert(database_, experiment, one).ok());
        ASSERT_TRUE(transaction.commit().ok());
    }

    /// With ids for names.
    http::Json resolved(const http::Json& one) const {
        std::string text = http::to_text(one);
        for (const auto& [name, id] : ids_) {
            const auto mark = "<" + name + ">";
            for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
                text.replace(at, mark.size(), id);
            }
        }
        return http::parse_json(text).value();
    }

private:
    void add_funnel(const http::Json& one) {
        std::vector<meta::FunnelStep> steps;
        for (const auto& step : one.at("steps")) {
            const std::string value = step.at("value");
            steps.push_back({.type = meta::step_type_named(step.at("type").get<std::string>()).value(),
                             .value = value,
                             .label = step.value("label", value)});
        }
        const auto made =
            definitions_->create_funnel(one.value("project", "p"), one.at("name").get<std::string>(), std::move(steps));
        ASSERT_TRUE(made.ok()) << made.error().message;
        ids_.emplace_back(made->name, made->id);
    }

    void add_goal(const http::Json& one) {
        meta::Aim aim{.type = meta::aim_type_named(one.at("goal_type").get<std::string>()).value()};
        for (const auto& [member, value] : one.at("config").items()) {
            if (value.is_string()) aim.target = value.get<std::string>();
            if (value.is_number()) aim.threshold = value.get<double>();
        }
        const auto made = definitions_->create_goal(one.value("project", "p"), one.at("name").get<std::string>(), aim);
        ASSERT_TRUE(made.ok()) << made.error().message;
        ids_.emplace_back(made->name, made->id);
    }

    void add_experiment(const http::Json& one) {
        meta::Experiment wanted{.id = {},
                                .project_id = one.value("project", "p"),
                                .name = one.at("name").get<std::string>(),
                                .description = {},
                                .variants = {},
                                .goal_id = one.value("goal_id", "")};
        for (const auto& variant : one.at("variants")) {
            wanted.variants.push_back(
                {.name = variant.at("name").get<std::string>(), .weight = variant.at("weight").get<double>()});
        }
        clock_.advance(std::chrono::milliseconds(instant(one.at("created_at")) - clock_.unix_ms()));
        const auto made = experiments_->create(std::move(wanted));
        ASSERT_TRUE(made.ok()) << made.error().message;
        for (const auto& status : one.value("status", std::vector<std::string>())) {
            const auto to = meta::experiment_status_named(status).value();
            ASSERT_TRUE(experiments_->change_status(made->project_id, made->id, to).ok()) << status;
        }
        ids_.emplace_back(made->name, made->id);
        assign(*made, assignments_of(*made, one.value("assigned", http::Json::array())));
    }

    static std::vector<meta::Assignment> assignments_of(const meta::Experiment& experiment, const http::Json& list) {
        std::vector<meta::Assignment> assignments;
        for (const auto& one : list) {
            const auto named = [&](const meta::Variant& variant) { return variant.name == one.at("variant"); };
            const auto found = std::find_if(experiment.variants.begin(), experiment.variants.end(), named);
            EXPECT_NE(found, experiment.variants.end()) << one;
            for (std::size_t number = 0; number < one.value("repeat", std::size_t{1}); ++number) {
                assignments.push_back({.visitor_id = numbered(one.at("visitor").get<std::string>(), number),
                                       .variant = static_cast<std::size_t>(found - experiment.variants.begin()),
                                       .assigned_ms = instant(one.at("at"))});
            }
        }
        return assignments;
    }

    void add_survey(const http::Json& one) {
        const std::string project = one.value("project", "p");
        const auto made =
            surveys_->create(project, {.name = one.at("name"), .questions = http::to_text(one.at("questions"))});
        ASSERT_TRUE(made.ok()) << made.error().message;
        ASSERT_TRUE(surveys_->set_status(project, made->id, meta::Survey::Status::active).ok());
        ids_.emplace_back(made->content.name, made->id);
        for (const auto& response : one.at("responses")) {
            for (int i = response.value("repeat", 1); i > 0; --i) {
                const auto at = pulsekit::parse_date_time(response.at("at").get<std::string>());
                const auto recorded = surveys_->record({.project_id = project,
                                                        .survey_id = made->id,
                                                        .event_id = std::to_string(++responses_),
                                                        .answers = http::to_text(response.at("answers")),
                                                        .completed = response.value("completed", true),
                                                        .submitted_ms = at.value()});
                ASSERT_TRUE(recorded.ok()) << recorded.error().message;
            }
        }
    }

    pulsekit::test::ManualClock clock_{0};
    pulsekit::test::SeededRandom random_{1};
    std::unique_ptr<meta::Definitions> definitions_;
    std::unique_ptr<meta::Experiments> experiments_;
    std::unique_ptr<meta::Surveys> surveys_;
    std::unique_ptr<meta::Shares> shares_;
    int responses_ = 0;
    pulsekit::sqlite::Database database_;
    std::vector<std::pair<std::string, std::string>> ids_;  // by name
};

}  // namespace collector::query::test
