// How long events are kept, erasing those of one person, and all of them as they are stored: of a whole collector.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "http/json.hpp"
#include "store/open.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using http::Json;
using pulsekit::test::HttpReply;

constexpr std::int64_t kNoon = 1'772'712'000'000;  // 2026-03-05T12:00:00Z

class LifeTest : public testing::Test {
protected:
    LifeTest() { start(); }

    void start() {
        dev_.app.reset();
        dev_ = test::start_dev_app(folder_.file("data"), clock_);
        project_ = "/api/admin/projects/" + dev_.keys["PULSE_PROJECT"];
    }

    HttpReply admin(const std::string& method, const std::string& path, const std::string& body = {}) const {
        return pulsekit::test::http(method, dev_.url + path,
                                    {"Authorization: Bearer " + dev_.keys.at("PULSE_ADMIN_TOKEN")}, body);
    }
    static Json json_of(const HttpReply& reply) { return http::parse_json(reply.body).value_or(Json()); }
    void send(Json event) const {
        event.emplace("type", "event");
        event.emplace("name", "tick");
        const auto reply = pulsekit::test::http("POST", dev_.url + "/api/collect",
                                                {"X-Pulse-Key: " + dev_.keys.at("PULSE_INGEST_KEY")}, event.dump());
        EXPECT_EQ(reply.status, 200) << reply.body;
    }
    /// By the reports.
    int events() const {
        const auto reply = pulsekit::test::http("GET", dev_.url + "/api/v1/stats?start_at=2020-01-01&end_at=2030-01-01",
                                                {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")});
        return json_of(reply)["current"].value("events", -1);
    }
    struct Page {
        std::vector<Json> lines;
        std::string next;
        int status = 0;
    };
    Page page(const std::string& query) const {
        const auto reply = admin("GET", project_ + "/export" + query);
        Page page{.lines = {}, .next = {}, .status = reply.status};
        std::istringstream lines(reply.body);
        for (std::string line; std::getline(lines, line);)
            page.lines.push_back(http::parse_json(line).value_or(Json()));
        const std::string name = "X-Next-Cursor: ";
        if (const auto at = reply.head.find(name); at != std::string::npos) {
            const auto begin = at + name.size();
            page.next = reply.head.substr(begin, reply.head.find('\r', begin) - begin);
        }
        return page;
    }
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

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{kNoon};
    test::DevApp dev_;
    std::string project_;
};

TEST_F(LifeTest, AnErasedUserLeavesNoTrace) {
    for (int i = 0; i < 5; ++i) {
        send({{"visitor_id", "browser of jane"},
              {"session_id", "visit of jane"},
              {"user_id", "jane/doe@example.org"},
              {"path", "/welcome/jane/doe@example.org"},
              {"data", {{"mail", "jane/doe@example.org"}}}});
        send({{"visitor_id", "v"}, {"session_id", "visit of jane"}, {"user_id", "joe"}});
    }
    EXPECT_EQ(events(), 10);
    const auto reply = admin("DELETE", project_ + "/users/jane%2Fdoe%40example.org");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, R"({"erased":5})");
    for (const char* trace : {"jane/doe@example.org", "browser of jane"}) {
        EXPECT_EQ(files_with(trace), std::vector<std::string>()) << trace;
    }
    EXPECT_EQ(events(), 5);
    EXPECT_EQ(page("").lines.size(), 5u);
    EXPECT_EQ(admin("DELETE", project_ + "/users/jane%2Fdoe%40example.org").body, R"({"erased":0})");
    EXPECT_EQ(admin("DELETE", project_ + "/visitors/v").body, R"({"erased":5})");
    EXPECT_EQ(files_with("visit of jane"), std::vector<std::string>());
    EXPECT_EQ(events(), 0);
    send({{"user_id", "jane/doe@example.org"}});
    EXPECT_EQ(events(), 1) << "what comes afterwards is new";
    EXPECT_EQ(admin("DELETE", "/api/admin/projects/nobody/users/jane").status, 404);
    EXPECT_EQ(admin("DELETE", project_ + "/users/").status, 404);
    dev_.app->stop();
    const auto problems = store::check_store(folder_.file("data"));
    ASSERT_TRUE(problems.ok());
    EXPECT_EQ(*problems, std::vector<std::string>());
}

TEST_F(LifeTest, AnErasedVisitorIsInNoExperiment) {
    admin("POST", project_ + "/modules/ab_testing/enable");
    const auto query = [&](const std::string& method, const std::string& path, const std::string& body = {}) {
        return json_of(pulsekit::test::http(method, dev_.url + "/api/v1/experiments" + path,
                                            {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")}, body));
    };
    const auto made =
        query("POST", "", R"({"name":"E","variants":[{"name":"A","weight":100},{"name":"B","weight":0}]})");
    const auto path = "/" + made.value("id", "");
    EXPECT_EQ(query("PUT", path + "/status", R"({"status":"running"})").value("status", ""), "running");
    const auto assign = [&](const std::string& visitor) {
        const auto reply = pulsekit::test::http("POST", dev_.url + "/api/v1/experiments" + path + "/assign",
                                                {"X-Pulse-Key: " + dev_.keys.at("PULSE_INGEST_KEY")},
                                                Json{{"visitor_id", visitor}}.dump());
        EXPECT_EQ(reply.body, Json({{"experiment_id", made.value("id", "")}, {"variant", "A"}}).dump());
    };
    const auto visitors = [&] { return query("GET", path + "/results")["results"][0].value("visitors", -1); };
    for (const char* visitor : {"phone of jane", "laptop of jane", "joe", "never seen"}) assign(visitor);
    for (const char* visitor : {"phone of jane", "laptop of jane"}) {
        send({{"visitor_id", visitor}, {"session_id", visitor}, {"user_id", "jane"}});
    }
    send({{"visitor_id", "joe"}, {"session_id", "s"}, {"user_id", "joe"}});
    EXPECT_EQ(visitors(), 4);
    EXPECT_EQ(admin("DELETE", project_ + "/users/jane").body, R"({"erased":2})");
    EXPECT_EQ(visitors(), 2);
    EXPECT_EQ(admin("DELETE", project_ + "/visitors/never%20seen").body, R"({"erased":0})");
    EXPECT_EQ(visitors(), 1);
    for (const char* trace : {"phone of jane", "laptop of jane", "never seen"}) {
        EXPECT_EQ(files_with(trace), std::vector<std::string>()) << trace;
    }
}

TEST_F(LifeTest, RetentionIsReadAndSet) {
    const auto path = project_ + "/retention";
    EXPECT_EQ(admin("GET", path).body, R"({"days":null})");
    EXPECT_EQ(admin("PUT", path, R"({"days":30})").body, R"({"days":30})");
    EXPECT_EQ(admin("GET", path).body, R"({"days":30})");
    for (const char* bad : {R"({"days":0})", R"({"days":-1})", R"({"days":1.5})", R"({"days":"1"})",
                            R"({"days":36501})", R"({})", "[]"}) {
        EXPECT_EQ(admin("PUT", path, bad).status, 400) << bad;
    }
    dev_.app.reset();
    start();
    EXPECT_EQ(admin("GET", path).body, R"({"days":30})");
    EXPECT_EQ(admin("PUT", path, R"({"days":null})").body, R"({"days":null})");
    EXPECT_EQ(admin("GET", "/api/admin/projects/nobody/retention").status, 404);
    EXPECT_EQ(admin("PUT", "/api/admin/projects/nobody/retention", R"({"days":1})").status, 404);
}

TEST_F(LifeTest, WhatIsOldGoesWithinTheHourAndAtAStart) {
    send({{"visitor_id", "old visitor"}, {"timestamp", "2026-03-01T23:59:59.999Z"}});
    send({{"visitor_id", "young visitor"}, {"timestamp", "2026-03-02T00:00:00Z"}});
    send({{"visitor_id", "young visitor"}, {"timestamp", "2026-03-05T11:00:00Z"}});
    EXPECT_EQ(admin("PUT", project_ + "/retention", R"({"days":3})").status, 200);
    EXPECT_EQ(events(), 3);
    clock_.advance(std::chrono::minutes(61));
    for (int i = 0; i < 10'000 && events() != 2; ++i) std::this_thread::yield();
    EXPECT_EQ(events(), 2);
    for (int i = 0; i < 10'000 && !files_with("old visitor").empty(); ++i) std::this_thread::yield();
    EXPECT_EQ(files_with("old visitor"), std::vector<std::string>());
    dev_.app.reset();
    clock_.advance(std::chrono::hours(24));
    start();
    for (int i = 0; i < 10'000 && events() != 1; ++i) std::this_thread::yield();
    EXPECT_EQ(events(), 1);
}

TEST_F(LifeTest, AnExportHasWhatIsStored) {
    send({{"visitor_id", "v"},
          {"session_id", "s"},
          {"event_id", "first"},
          {"timestamp", "2026-03-05T11:00:00Z"},
          {"user_id", "u"},
          {"path", "/a"},
          {"data", {{"x", {1, 2}}}}});
    send({{"visitor_id", "v"}, {"session_id", "s"}, {"event_id", "second"}, {"timestamp", "2026-03-04T11:00:00Z"}});
    const auto all = page("");
    EXPECT_EQ(all.status, 200);
    EXPECT_EQ(all.next, "");
    ASSERT_EQ(all.lines.size(), 2u);
    const auto expected = Json::parse(R"({"event_id":"first","dialect":"analytics","kind":"event","name":"tick",
        "source_type":"event","ts_ms":1772708400000,"received_ms":1772712000000,"visitor_id":"v","session_id":"s",
        "user_id":"u","path":"/a","interaction":true,"bot":false,"props":{"x":[1,2]}})");
    for (const auto& [name, value] : expected.items()) EXPECT_EQ(all.lines[0][name], value) << name;
    EXPECT_EQ(all.lines[0]["project_id"], dev_.keys["PULSE_PROJECT"]);
    EXPECT_EQ(all.lines[1]["event_id"], "second");
    EXPECT_EQ(page("?start_at=2026-03-05").lines.size(), 1u);
    EXPECT_EQ(page("?end_at=2026-03-04").lines.size(), 1u);
    EXPECT_EQ(page("?start_at=2026-03-06").lines.size(), 0u);
    for (const char* bad :
         {"?cursor=x", "?cursor=-1", "?cursor=99999999999999999999", "?cursor=", "?limit=0", "?limit=x", "?start_at=x",
          "?end_at=2026-13-01", "?start_at=2026-03-05&end_at=2026-03-04"}) {
        EXPECT_EQ(page(bad).status, 400) << bad;
    }
    EXPECT_EQ(admin("GET", "/api/admin/projects/nobody/export").status, 404);
    EXPECT_EQ(admin("HEAD", project_ + "/export").status, 200);
}

TEST_F(LifeTest, AnExportInPagesHasEachEventOnceWhileMoreCome) {
    const auto id = [](int number) { return "e" + std::to_string(number); };
    const auto send_some = [&](int from, int to) {
        for (int i = from; i < to; ++i) send({{"event_id", id(i)}});
    };
    send_some(0, 100);
    std::jthread sending([&] { send_some(100, 200); });
    for (const bool all_are_sent : {false, true}) {
        if (all_are_sent) sending.join();
        std::vector<std::string> ids;
        std::string cursor = "0";
        while (!cursor.empty()) {
            const auto next = page("?limit=7&cursor=" + cursor);
            ASSERT_EQ(next.status, 200);
            for (const auto& line : next.lines) ids.push_back(line.value("event_id", ""));
            cursor = next.next;
        }
        ASSERT_GE(ids.size(), all_are_sent ? 200u : 100u);
        for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], id(static_cast<int>(i)));
    }
}

}  // namespace
}  // namespace collector::app
