// What the SDK's encoders say (tests/sdk/wire_test.cpp writes tests/data/contract/*.json) is what the collector hears:
// tests/data/contract/canonical/*.json, written anew with PULSEKIT_UPDATE_GOLDEN.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "http/json.hpp"
#include "tests/collector/ingest/harness.hpp"
#include "tests/collector/support/event_json.hpp"

namespace collector::test {
namespace {

using http::Json;

std::string path_of(const std::string& name) { return std::string(PULSEKIT_TEST_DATA) + "/contract/" + name + ".json"; }

std::string read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Each request of an array of them.
std::vector<std::string> each_of(const std::string& array) {
    std::vector<std::string> requests;
    const auto parsed = http::parse_json(array).value_or(Json());
    for (const auto& request : parsed) requests.push_back(http::to_text(request));
    return requests;
}

/// Without what no encoder decides.
Json canonical(const model::Event& event) {
    Json json = event_json(event);
    for (const char* name : {"project_id", "received_ms", "dialect"}) json.erase(name);
    return json;
}

struct Door {
    const char* dialect;
    const char* path;
    const char* key_header;
    int status;
    bool batch;
};

class EveryDialect : public testing::TestWithParam<Door> {
protected:
    /// The events that are stored when everything that the SDK says has been sent.
    std::vector<model::Event> heard() {
        std::vector<meta::ModuleChange> on;
        for (const char* module : {"webvitals", "error_tracking"}) {
            on.push_back({.module = model::index_of_module(module), .enabled = true});
        }
        EXPECT_TRUE(harness_.catalog().change_modules(harness_.project(), on).ok());
        const auto& [dialect, path, key_header, status, batch] = GetParam();
        const std::string sent = read(path_of(dialect));
        for (const auto& body : batch ? std::vector{sent} : each_of(sent)) {
            const auto reply =
                pulsekit::test::http("POST", harness_.base() + path,
                                     {key_header + harness_.key("ingest"), "Content-Type: application/json"}, body);
            EXPECT_EQ(reply.status, status) << reply.body << "\n" << body;
            EXPECT_EQ(reply.body.find("\"index\""), std::string::npos) << reply.body;
        }
        return harness_.store().events();
    }

    Harness harness_;
};

TEST_P(EveryDialect, PutsEachFieldInItsCanonicalPlace) {
    std::string text = "[";
    for (const auto& event : heard()) text += (text.size() > 1 ? ",\n" : "\n") + http::to_text(canonical(event));
    text += "\n]\n";
    const auto golden = path_of("canonical/" + std::string(GetParam().dialect));
    if (std::getenv("PULSEKIT_UPDATE_GOLDEN")) std::ofstream(golden) << text;
    EXPECT_EQ(text, read(golden));
}

/// What the application said does not depend on the dialect that carried it.
TEST_P(EveryDialect, SaysTheSameOfTheSameEvents) {
    const auto events = heard();
    ASSERT_EQ(events.size(), 16u);
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto& event = events[i];
        SCOPED_TRACE(event.event_id);
        EXPECT_EQ(std::stoul(event.event_id.substr(0, 2), nullptr, 16), i + 1);
        EXPECT_FALSE(event.event_id_is_ours);
        EXPECT_EQ(model::name_of(event.dialect), GetParam().dialect);
        EXPECT_EQ(event.ts_ms, 1'705'314'600'124 + static_cast<std::int64_t>(i));
        EXPECT_EQ(event.visitor_id, "device-1");
        EXPECT_EQ(event.session_id, "11111111-1111-1111-1111-111111111111");
        EXPECT_EQ(event.app_version, "1.4.2");
    }
    EXPECT_EQ(events[0].user_id, "u-1");
    EXPECT_EQ(events[1].kind, model::Kind::pageview);
    EXPECT_EQ(events[1].path, "/main menu");
    EXPECT_EQ(events[1].referrer, "https://example.com/ad");
    EXPECT_EQ(events[2].path, "/shop/items");
    EXPECT_EQ(events[3].kind, model::Kind::js_error);
    EXPECT_EQ(events[3].error_message, "disk \"full\"");
    EXPECT_EQ(events[3].error_type, "IOError");
    EXPECT_EQ(events[3].error_stack, "save.cpp:12\nmain.cpp:3");
    EXPECT_EQ(events[10].name, "purchase");
    EXPECT_EQ(events[10].revenue_amount, 4.99);
    EXPECT_EQ(events[10].revenue_currency, "CHF");
    EXPECT_EQ(events[11].revenue_currency, "EUR");
    EXPECT_EQ(events[14].name, "level_complete");
    EXPECT_NE(events[14].props.find(R"("score":1234.5)"), std::string::npos) << events[14].props;
    EXPECT_EQ(events[15].kind, model::Kind::pageview);
}

INSTANTIATE_TEST_SUITE_P(Contract, EveryDialect,
                         testing::Values(Door{"pulse", "/collect/batch", "Authorization: Bearer ", 202, true},
                                         Door{"gateway", "/api/v1/pulse/events/batch", "X-API-Key: ", 201, true},
                                         Door{"analytics", "/api/collect", "X-Pulse-Key: ", 200, false},
                                         Door{"productgraph", "/v1/events", "X-PG-API-Key: ", 202, true},
                                         Door{"ingest", "/ingest", "X-API-Key: ", 200, false}),
                         [](const auto& door) { return std::string(door.param.dialect); });

}  // namespace
}  // namespace collector::test
