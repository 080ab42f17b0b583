// Surveys of a whole collector: made, answered, added up, erased.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "http/json.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using http::Json;
using pulsekit::test::HttpReply;

constexpr std::int64_t kNow = 1'774'195'200'000;  // 2026-03-22T16:00:00Z

class SurveysOfACollector : public testing::Test {
protected:
    SurveysOfACollector() {
        start();
        EXPECT_EQ(admin("POST", "/modules/surveys/enable").status, 200);
        const Json survey = {{"name", "NPS"}, {"questions", {{{"id", "q1"}, {"type", "rating"}, {"text", "?"}}}}};
        survey_ = "/api/v1/surveys/" + json_of(query("POST", "/api/v1/surveys", survey.dump())).value("id", "");
        EXPECT_EQ(query("PUT", survey_ + "/status", R"({"status":"active"})").status, 200);
    }

    void start() {
        dev_.app.reset();
        dev_ = test::start_dev_app(folder_.file("data"), clock_);
    }

    static Json json_of(const HttpReply& reply) { return http::parse_json(reply.body).value_or(Json()); }
    HttpReply admin(const std::string& method, const std::string& path) const {
        return pulsekit::test::http(method, dev_.url + "/api/admin/projects/" + dev_.keys.at("PULSE_PROJECT") + path,
                                    {"Authorization: Bearer " + dev_.keys.at("PULSE_ADMIN_TOKEN")});
    }
    HttpReply query(const std::string& method, const std::string& path, const std::string& body = {}) const {
        return pulsekit::test::http(method, dev_.url + path, {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")}, body);
    }
    HttpReply respond(Json fields) const {
        Json body = {{"type", "survey_response"},
                     {"survey_id", survey_.substr(survey_.rfind('/') + 1)},
                     {"answers", {{{"question_id", "q1"}, {"value", 9}}}}};
        body.update(fields);
        return pulsekit::test::http("POST", dev_.url + "/api/collect",
                                    {"X-Pulse-Key: " + dev_.keys.at("PULSE_INGEST_KEY")}, body.dump());
    }
    int total() const { return json_of(query("GET", survey_ + "/responses")).value("total", -1); }
    std::vector<std::string> files_with(const std::string& bytes) const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string content((std::istreambuf_iterator<char>(file)), {});
            if (content.find(bytes) != std::string::npos) found.push_back(entry.path().string());
        }
        return found;
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{kNow};
    test::DevApp dev_;
    std::string survey_;
};

TEST_F(SurveysOfACollector, ResponsesAreListedAddedUpAndStoredAsEvents) {
    EXPECT_EQ(respond({{"event_id", "r1"}, {"path", "/app"}, {"visitor_id", "v1"}}).body, R"({"ok":true})");
    EXPECT_EQ(respond({{"event_id", "r1"}}).status, 200);
    EXPECT_EQ(respond({{"event_id", "r2"}, {"completed", false}, {"timestamp", "2026-03-22T15:00:00Z"}}).status, 200);
    start();
    const auto page = json_of(query("GET", survey_ + "/responses"));
    EXPECT_EQ(page.at("total"), 2);
    EXPECT_EQ(page.at("data").at(0).dump(),
              R"({"id":"r1","answers":[{"question_id":"q1","value":9}],"completed":true,"path":"/app",)"
              R"("submitted_at":"2026-03-22T16:00:00Z"})");
    EXPECT_EQ(page.at("data").at(1).at("submitted_at"), "2026-03-22T15:00:00Z");
    const auto stats = json_of(query("GET", survey_ + "/stats"));
    EXPECT_EQ(stats.at("completion_rate"), 50.0);
    EXPECT_EQ(stats.at("questions").at(0).at("distribution").dump(), R"({"0-6":0,"7-8":0,"9-10":2})");
    const auto events = admin("GET", "/export").body;
    EXPECT_EQ(std::count(events.begin(), events.end(), '\n'), 2) << events;
    EXPECT_NE(events.find(R"("kind":"survey_response")"), std::string::npos) << events;
}

TEST_F(SurveysOfACollector, ThoseOfAPersonGoWithThePerson) {
    EXPECT_EQ(respond({{"event_id", "r1"}, {"user_id", "jane-the-user"}, {"visitor_id", "v1"}}).status, 200);
    EXPECT_EQ(respond({{"event_id", "r2"}, {"visitor_id", "visitor-number-two"}, {"path", "/only-hers"}}).status, 200);
    EXPECT_EQ(respond({{"event_id", "r3"}, {"visitor_id", "v3"}}).status, 200);
    EXPECT_FALSE(files_with("jane-the-user").empty());
    EXPECT_EQ(admin("DELETE", "/users/jane-the-user").body, R"({"erased":1})");
    EXPECT_EQ(total(), 2);
    EXPECT_EQ(admin("DELETE", "/visitors/visitor-number-two").body, R"({"erased":1})");
    EXPECT_EQ(total(), 1);
    EXPECT_EQ(json_of(query("GET", survey_ + "/stats")).at("total_responses"), 1);
    EXPECT_EQ(respond({{"event_id", "r1"}, {"user_id", "jane-the-user"}}).status, 200) << "a repeat is one";
    EXPECT_EQ(total(), 1);
    for (const char* trace : {"jane-the-user", "visitor-number-two", "/only-hers"}) {
        EXPECT_EQ(files_with(trace), std::vector<std::string>()) << trace;
    }
}

}  // namespace
}  // namespace collector::app
