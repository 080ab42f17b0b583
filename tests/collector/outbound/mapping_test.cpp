// Runs tests/data/forwarding/<provider>/*.json: an event as a client sends it, over real HTTP, and what the service is
// to get of it. A case is {"name", "send": an event of /v1/events, or "path" and "body", "expect"}; the service's key
// is "the key".
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "http/json.hpp"
#include "outbound/providers.hpp"
#include "tests/collector/ingest/harness.hpp"
#include "tests/support/analytics_service.hpp"

namespace collector::outbound {
namespace {

using http::Json;
using pulsekit::test::JsonValue;
namespace fs = std::filesystem;

constexpr std::string_view kKey = "the key";

std::vector<fs::path> files_of(const Provider& provider) {
    std::vector<fs::path> files;
    std::error_code absent;
    for (const auto& entry :
         fs::directory_iterator(fs::path(PULSEKIT_TEST_DATA) / "forwarding" / provider.name, absent)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

Json read_file(const fs::path& path) {
    std::ifstream in(path);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    auto json = http::parse_json(bytes);
    EXPECT_TRUE(json) << path << " is no JSON";
    return json.value_or(Json{{"cases", Json::array()}});
}

std::unique_ptr<pulsekit::test::ServiceRules> rules_of(const Provider& provider) {
    if (&provider == &kAmplitude) return std::make_unique<pulsekit::test::AmplitudeRules>(std::string(kKey));
    return std::make_unique<pulsekit::test::MixpanelRules>(std::string(kKey), [] { return test::kNow; });
}

/// The rules that a request with these events breaks.
std::vector<std::string> broken_rules(const Provider& provider, const std::vector<std::string>& events) {
    const auto rules = rules_of(provider);
    const auto body = JsonValue::parse(provider.body(events, kKey));
    if (!body) return {"the body is JSON"};
    rules->check_all(rules->events(*body));
    return rules->problems();
}

class Mapping : public testing::TestWithParam<const Provider*> {};

/// What the collector stores of it.
model::Event stored(test::Harness& harness, const Json& one) {
    const std::string path = one.value("path", "/v1/events");
    const std::string body =
        one.contains("body") ? http::to_text(one["body"]) : http::to_text({{"events", Json::array({one.at("send")})}});
    const auto before = harness.store().events().size();
    const auto reply =
        pulsekit::test::http("POST", harness.base() + path,
                             {"Content-Type: application/json", "X-PG-API-Key: " + harness.key("ingest"),
                              "X-Pulse-Key: " + harness.key("ingest"), "X-API-Key: " + harness.key("ingest")},
                             body);
    const auto events = harness.store().events();
    EXPECT_EQ(events.size(), before + 1) << reply.status << " " << reply.body;
    return events.empty() ? model::Event() : events.back();
}

TEST_P(Mapping, IsAsTheFilesSay) {
    const auto& provider = *GetParam();
    const auto files = files_of(provider);
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) {
        const Json cases = read_file(file)["cases"];
        for (const auto& one : cases) {
            SCOPED_TRACE(file.string() + ": " + one.value("name", ""));
            test::Harness harness;  // where no id is known yet
            const std::string sent = provider.event(stored(harness, one), kKey);
            EXPECT_EQ(http::to_text(http::parse_json(sent).value_or(Json())), http::to_text(one["expect"]));
            EXPECT_EQ(broken_rules(provider, {sent}), std::vector<std::string>());
        }
    }
}

model::Event event() {
    model::Event made;
    made.event_id = "e-1";
    made.name = "click";
    made.source_type = "custom";
    made.session_id = "session-7";
    made.ts_ms = made.received_ms = test::kNow;
    return made;
}

TEST_P(Mapping, CutsWhatTheServiceDoesNotTake) {
    const auto& provider = *GetParam();
    std::string long_text;
    for (int i = 0; i < 3'000; ++i) long_text += "ä€😀";
    Json props = {{"text", long_text}, {long_text, "name"}, {"list", Json::array()}, {"object", Json::object()}};
    for (int i = 0; i < 1'000; ++i) {
        props["list"].push_back(long_text.substr(0, 900));
        props["object"][std::to_string(i)] = i;
        props["member " + std::to_string(i)] = i;
    }
    Json deep = 1;
    for (int i = 0; i < 60; ++i) deep = i % 2 == 0 ? Json{{"in", deep}} : Json::array({deep});
    props["deep"] = deep;
    auto one = event();
    one.props = http::to_text(props);
    for (const auto text : {&model::Event::event_id, &model::Event::name, &model::Event::user_id,
                            &model::Event::session_id, &model::Event::url, &model::Event::error_stack}) {
        one.*text = long_text;
    }
    auto other = one;  // ids that differ at their ends alone stay apart
    other.event_id += "x";
    other.user_id += "x";
    other.session_id += "x";
    const auto sent = provider.event(one, kKey);
    const auto sent_too = provider.event(other, kKey);
    EXPECT_EQ(broken_rules(provider, {sent, sent_too}), std::vector<std::string>());
    EXPECT_NE(sent, sent_too);
    EXPECT_EQ(sent, provider.event(one, kKey));
}

TEST_P(Mapping, TakesAnythingThatTheStoreMayHold) {
    const auto& provider = *GetParam();
    auto one = event();
    one.props = "not JSON";
    one.name = "\"\\\n\x01";
    EXPECT_EQ(broken_rules(provider, {provider.event(one, kKey)}), std::vector<std::string>());
}

/// An event that keeps the rules, with one text of it in another's place.
std::vector<std::string> broken_rules(const Provider& provider, const std::string& what, const std::string& by) {
    std::string sent = provider.event(event(), kKey);
    const auto at = sent.find(what);
    if (at == std::string::npos) return {};
    return broken_rules(provider, {sent.replace(at, what.size(), by)});
}

TEST(Rules, AreSeenToBeBroken) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(broken_rules(kAmplitude, "session-7", "unknown"), Texts{"device_id is an id"});
    EXPECT_EQ(broken_rules(kAmplitude, "1774195200000", "1774195200"), Texts{"time is in milliseconds"});
    EXPECT_EQ(broken_rules(kAmplitude, "\"click\"", "7"), Texts{"event_type is a text"});
    EXPECT_EQ(broken_rules(kAmplitude, "click", std::string(1'025, 'x')), Texts{"texts have at most 1024 characters"});
    EXPECT_EQ(broken_rules(kAmplitude, "event_type", "event_name").size(), 2u);
    EXPECT_EQ(broken_rules(kMixpanel, "e-1", "e_1"), Texts{"$insert_id is alphanumeric or -"});
    EXPECT_EQ(broken_rules(kMixpanel, "the key", "another"), Texts{"token is the token"});
    EXPECT_EQ(broken_rules(kMixpanel, "1774195200", "1773763199"), Texts{"time is of the last five days"});
    EXPECT_EQ(broken_rules(kMixpanel, "1774195200", "1774195200000").size(), 2u);
    EXPECT_EQ(broken_rules(kMixpanel, "\"session-7\"", "null"), Texts{"distinct_id is an id"});
}

INSTANTIATE_TEST_SUITE_P(Providers, Mapping, testing::ValuesIn(providers().begin(), providers().end()),
                         [](const auto& provider) { return std::string(provider.param->name); });

// Answers.

struct Answer {
    const Provider* provider;
    int status;
    const char* body;
    Verdict::Kind kind;
    std::vector<std::size_t> bad = {};
};

TEST(Judge, ReadsAnswersAsTheServicesMeanThem) {
    using Kind = Verdict::Kind;
    const Answer kAnswers[] = {
        {&kAmplitude, 200, R"({"code":200,"events_ingested":5})", Kind::taken},
        {&kAmplitude, 200, "<html>sign in to the network</html>", Kind::later},
        {&kAmplitude, 200, "", Kind::later},
        {&kAmplitude, 204, "", Kind::later},
        {&kAmplitude, 302, "", Kind::later},
        {&kAmplitude, 400, R"({"code":400,"error":"Invalid API key"})", Kind::later},
        {&kAmplitude, 400, R"({"code":400,"error":"Request missing required field","missing_field":"api_key"})",
         Kind::later},
        {&kAmplitude,
         400,
         R"({"code":400,"error":"Invalid field values on some events","events_with_invalid_fields":{"time":[3,1]},
            "events_with_missing_fields":{"event_type":[1]},"events_with_invalid_id_lengths":{"user_id":[0]},
            "silenced_events":[4],"throttled_events":[2]})",
         Kind::refused,
         {0, 1, 3, 4}},
        {&kAmplitude, 400, R"({"code":400,"error":"x","events_with_invalid_fields":{"time":[5,-1,"2",null]}})",
         Kind::refused},
        {&kAmplitude, 400, R"({"code":400,"error":"x","throttled_events":[2]})", Kind::too_fast},
        {&kAmplitude, 400, R"({"code":400,"error":"Invalid event JSON"})", Kind::refused},
        {&kAmplitude, 400, "no JSON", Kind::refused},
        {&kAmplitude, 400, "[]", Kind::refused},
        {&kAmplitude, 401, "", Kind::later},
        {&kAmplitude, 403, R"({"code":403,"error":"Forbidden"})", Kind::forbidden},
        {&kAmplitude, 404, "", Kind::later},
        {&kAmplitude, 413, R"({"code":413,"error":"Payload too large"})", Kind::too_large},
        {&kAmplitude, 429, R"({"code":429,"throttled_events":[0]})", Kind::too_fast},
        {&kAmplitude, 500, "", Kind::later},
        {&kAmplitude, 503, "", Kind::later},
        {&kMixpanel, 200, R"({"error":null,"status":1})", Kind::taken},
        {&kMixpanel, 200, "1", Kind::taken},
        {&kMixpanel, 200, "0", Kind::refused},
        {&kMixpanel, 200, R"({"error":"data, missing or empty","status":0})", Kind::refused},
        {&kMixpanel, 200, R"({"error":"token, missing or empty","status":0})", Kind::later},
        {&kMixpanel, 200, "<html></html>", Kind::later},
        {&kMixpanel,
         400,
         R"({"error":"some data points failed","status":"Bad Request","failed_records":[{"index":2}]})",
         Kind::refused,
         {2}},
        {&kMixpanel, 400, R"({"error":"x","status":0})", Kind::refused},
        {&kMixpanel, 401, R"({"error":"Invalid credentials","status":"error"})", Kind::later},
        {&kMixpanel, 403, "", Kind::forbidden},
        {&kMixpanel, 413, "", Kind::too_large},
        {&kMixpanel, 429, "", Kind::too_fast},
        {&kMixpanel, 502, "", Kind::later},
    };
    for (const auto& answer : kAnswers) {
        SCOPED_TRACE(std::string(answer.provider->name) + " " + std::to_string(answer.status) + " " + answer.body);
        Posted posted;
        posted.status = answer.status;
        posted.body = answer.body;
        const auto verdict = answer.provider->judge(posted, 5);
        EXPECT_EQ(verdict.kind, answer.kind);
        EXPECT_EQ(verdict.bad, answer.bad);
        EXPECT_EQ(verdict.error.empty(), answer.kind == Kind::taken);
    }
}

}  // namespace
}  // namespace collector::outbound
