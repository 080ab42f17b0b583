// Every metric that an alert may watch, with its value (tests/data/watch_metrics.json).
#include "query/metrics.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/collector/query/case_files.hpp"
#include "tests/collector/watch/world.hpp"

namespace collector::watch {
namespace {

using http::Json;
using test::World;

/// What the alert told, if it fired.
std::optional<double> told_by(World& world, const Json& rule) {
    const auto alert = world.alerts().create("p", test::rule_of(rule)).value();
    world.run();
    EXPECT_TRUE(world.alerts().erase("p", alert.id).ok());
    const auto sent = world.take_sent();
    if (sent.empty()) return std::nullopt;
    return http::parse_json(sent.front().body).value().at("data").at("value").get<double>();
}

TEST(Metrics, AreWhatTheReportsSay) {
    const auto file = query::test::read_case_file(PULSEKIT_TEST_DATA "/watch_metrics.json");
    World world(query::test::instant(file.at("now")), file);
    world.append(file.at("events"));
    std::set<std::pair<std::string, std::string>> measured;
    for (const auto& one : file.at("cases")) {
        SCOPED_TRACE(one.dump());
        Json rule = one;
        rule["notify_channels"] = Json::array({{{"type", "webhook"}, {"url", "https://h.example"}}});
        if (one.at("value").is_null()) {
            rule["threshold"] = -1;
            for (const char* compared : {"gt", "lt"}) {
                rule["operator"] = compared;
                EXPECT_EQ(told_by(world, rule), std::nullopt);
            }
            continue;
        }
        rule["operator"] = "eq";
        rule["threshold"] = one.at("value");
        EXPECT_EQ(told_by(world, rule), one.at("value").get<double>());
        measured.emplace(one.at("module"), one.at("metric"));
    }
    for (const auto& metric : query::metrics()) {
        EXPECT_TRUE(measured.contains({std::string(metric.module), std::string(metric.name)})) << metric.name;
        EXPECT_NE(model::module_named(metric.module), nullptr) << metric.module;
    }
    EXPECT_EQ(world.warnings, std::vector<std::string>());
}

}  // namespace
}  // namespace collector::watch
