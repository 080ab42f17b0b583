// What the SDK's encoder says (tests/sdk/wire_test.cpp writes the file) is what the collector hears.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/collector/ingest/harness.hpp"

namespace collector::test {
namespace {

using pulsekit::test::http;

TEST(Contract, TheSdksProductgraphRequestIsUnderstood) {
    std::ifstream file(std::string(PULSEKIT_TEST_DATA) + "/contract/productgraph.json");
    const std::string body(std::istreambuf_iterator<char>(file), {});
    Harness harness;
    const auto reply = http("POST", harness.base() + "/v1/events",
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

}  // namespace
}  // namespace collector::test
