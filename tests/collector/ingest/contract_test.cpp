// What the SDK's encoder says (tests/sdk/wire_test.cpp writes the file) is what the collector hears.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "http/json.hpp"
#include "tests/collector/ingest/harness.hpp"

namespace collector::test {
namespace {

/// What the SDK sends in that dialect.
std::string contract(const std::string& dialect) {
    std::ifstream file(std::string(PULSEKIT_TEST_DATA) + "/contract/" + dialect + ".json");
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Contract, TheSdksProductgraphRequestIsUnderstood) {
    const std::string body = contract("productgraph");
    Harness harness;
    const auto reply = pulsekit::test::http("POST", harness.base() + "/v1/events",
                            {"X-PG-API-Key: " + harness.key("ingest"), "Content-Type: application/json"}, body);
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(reply.body, R"({"accepted":16,"rejected":0,"errors":[]})");

    const auto events = harness.store().events();
    ASSERT_EQ(events.size(), 16u);
    for (const auto& event : events) {
        EXPECT_EQ(event.app_id, "space game");
        EXPECT_EQ(event.app_version, "1.4.2");
        EXPECT_EQ(event.visitor_id, "device-1");
        EXPECT_EQ(event.session_id, "11111111-1111-1111-1111-111111111111");
        EXPECT_FALSE(event.event_id_is_ours);
    }
    EXPECT_EQ(events[0].name, "identify");
    EXPECT_EQ(events[0].user_id, "u-1");
    EXPECT_EQ(events[1].kind, model::Kind::pageview);
    EXPECT_EQ(events[1].path, "/main menu");
    EXPECT_EQ(events[1].title, "main menu");
    EXPECT_EQ(events[1].referrer, "https://example.com/ad");
    EXPECT_EQ(events[2].path, "/shop/items");
    EXPECT_EQ(events[3].kind, model::Kind::js_error);
    EXPECT_EQ(events[3].error_message, "disk \"full\"");
    EXPECT_EQ(events[3].error_type, "IOError");
    EXPECT_EQ(events[4].source_type, "journey.step");
    EXPECT_NE(events[4].props.find(R"("gen_ai.journey.step.id":"avatar")"), std::string::npos) << events[4].props;
    EXPECT_EQ(events[5].source_type, "state.change");
    EXPECT_NE(events[6].props.find(R"("api.status_code":503)"), std::string::npos) << events[6].props;
    EXPECT_EQ(events[7].kind, model::Kind::web_vital);
    ASSERT_EQ(events[7].vitals.size(), 1u);
    EXPECT_EQ(events[7].vitals[0].first, "LCP");
    EXPECT_EQ(events[7].vitals[0].second, 1834.5);
    EXPECT_EQ(events[9].kind, model::Kind::event);
    EXPECT_EQ(events[10].revenue_amount, 4.99);
    EXPECT_EQ(events[10].revenue_currency, "CHF");
    EXPECT_EQ(events[12].duration_ms, 1250);
    EXPECT_EQ(events[14].kind, model::Kind::event);
    EXPECT_EQ(events[14].name, "level_complete");
    EXPECT_EQ(events[14].user_id, "");
    EXPECT_EQ(events[14].ts_ms, 1'705'314'600'138);
    EXPECT_EQ(events[14].event_id, "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f");
    EXPECT_NE(events[14].props.find(R"("score":1234.5)"), std::string::npos) << events[14].props;
}

/// Each event of an array of them.
std::vector<std::string> each_of(const std::string& array) {
    std::vector<std::string> events;
    const auto parsed = http::parse_json(array).value_or(http::Json());
    for (const auto& event : parsed) events.push_back(http::to_text(event));
    return events;
}

struct Door {
    const char* dialect;
    const char* path;
    const char* key_header;
    int status;
    bool batch;
};

class EveryDialect : public testing::TestWithParam<Door> {};

TEST_P(EveryDialect, TakesWhatTheSdkSends) {
    const auto& [dialect, path, key_header, status, batch] = GetParam();
    Harness harness;
    std::vector<meta::ModuleChange> on;
    for (const char* module : {"webvitals", "error_tracking"}) {
        on.push_back({.module = model::index_of_module(module), .enabled = true});
    }
    ASSERT_TRUE(harness.catalog().change_modules(harness.project(), on).ok());
    const std::string sent = contract(dialect);
    for (const auto& body : batch ? std::vector{sent} : each_of(sent)) {
        const auto reply =
            pulsekit::test::http("POST", harness.base() + path,
                                 {key_header + harness.key("ingest"), "Content-Type: application/json"}, body);
        EXPECT_EQ(reply.status, status) << reply.body << "\n" << body;
    }
    const auto events = harness.store().events();
    ASSERT_EQ(events.size(), 16u);
    std::map<model::Kind, int> kinds;
    for (const auto& event : events) {
        ++kinds[event.kind];
        EXPECT_FALSE(event.event_id_is_ours) << event.props;
        EXPECT_EQ(model::name_of(event.dialect), dialect);
        EXPECT_EQ(event.visitor_id, "device-1");
        EXPECT_EQ(event.session_id, "11111111-1111-1111-1111-111111111111");
        EXPECT_NE(event.props.find("sequence\":"), std::string::npos) << event.props;
    }
    EXPECT_GE(kinds[model::Kind::pageview], 2);
    EXPECT_EQ(kinds[model::Kind::js_error], 1);
    EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](auto& e) { return e.revenue_amount == 4.99; }));
    EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](auto& e) { return e.user_id == "u-1"; }));
    EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](auto& e) { return e.error_message == "disk \"full\""; }));
}

INSTANTIATE_TEST_SUITE_P(
    Contract, EveryDialect,
    testing::Values(Door{"pulse", "/collect/batch", "Authorization: Bearer ", 202, true},
                    Door{"gateway", "/api/v1/pulse/events/batch", "X-API-Key: ", 201, true},
                    Door{"analytics", "/api/collect", "X-Pulse-Key: ", 200, false},
                    Door{"productgraph", "/v1/events", "X-PG-API-Key: ", 202, true},
                    Door{"ingest", "/ingest", "X-API-Key: ", 200, false}),
    [](const auto& door) { return std::string(door.param.dialect); });

}  // namespace
}  // namespace collector::test
