// Shared dashboards of a whole collector: who sees what, and who is kept out.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "http/json.hpp"
#include "query/module.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using http::Json;
using pulsekit::test::HttpReply;

constexpr std::int64_t kNow = 1'774'195'200'000;  // 2026-03-22T16:00:00Z
constexpr const char* kPassword = "open sesame";

class SharingOfACollector : public testing::Test {
protected:
    SharingOfACollector() {
        start();
        module("sharing", "enable");
    }

    /// With so many requests for reports a second; 0: any number.
    void start(double rate = 0) {
        auto config = test::without_limits();
        config.trusted_proxies = {"127.0.0.1"};
        config.rates.query = rate;
        dev_.app.reset();
        dev_ = test::start_dev_app(folder_.file("data"), clock_, std::move(config));
    }

    static Json json_of(const HttpReply& reply) { return http::parse_json(reply.body).value_or(Json()); }
    void module(const std::string& name, const std::string& verb) const {
        const auto url = dev_.url + "/api/admin/projects/" + dev_.keys.at("PULSE_PROJECT") + "/modules/";
        const std::string token = "Authorization: Bearer " + dev_.keys.at("PULSE_ADMIN_TOKEN");
        EXPECT_EQ(pulsekit::test::http("POST", url + name + "/" + verb, {token}).status, 200);
    }
    HttpReply query(const std::string& method, const std::string& path, const Json& body = {}) const {
        return pulsekit::test::http(method, dev_.url + path, {"X-Pulse-Key: " + dev_.keys.at("PULSE_QUERY_KEY")},
                                    body.is_null() ? "" : body.dump());
    }
    void collect(const Json& event) const {
        const auto reply = pulsekit::test::http("POST", dev_.url + "/api/collect",
                                                {"X-Pulse-Key: " + dev_.keys.at("PULSE_INGEST_KEY")}, event.dump());
        EXPECT_EQ(reply.status, 200) << reply.body;
    }
    Json share(const Json& wanted) const {
        const auto made = query("POST", "/api/v1/sharing", wanted.is_null() ? Json::object() : wanted);
        EXPECT_EQ(made.status, 201) << made.body;
        return json_of(made);
    }
    std::string token(const Json& wanted) const { return share(wanted).value("token", ""); }

    /// As seen by a client of that address.
    HttpReply see(const std::string& path, const std::string& password = {}, const std::string& client = "9.9.9.9") {
        std::vector<std::string> headers = {"X-Forwarded-For: " + client};
        if (!password.empty()) headers.push_back("X-Share-Password: " + password);
        auto reply = pulsekit::test::http("GET", dev_.url + "/api/v1/shared/" + path, headers);
        EXPECT_NE(reply.head.find("Cache-Control: no-store\r\n"), std::string::npos) << reply.head;
        EXPECT_NE(reply.head.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos) << reply.head;
        return reply;
    }
    static void expect_error(const HttpReply& reply, int status, const std::string& text) {
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.body, http::to_text(Json{{"error", text}}));
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{kNow};
    test::DevApp dev_;
};

TEST_F(SharingOfACollector, WhoeverHasTheTokenSeesTheDashboardAndItsReports) {
    collect({{"type", "pageview"}, {"path", "/pricing"}, {"visitor_id", "v1"}});
    collect({{"type", "event"}, {"name", "signup"}, {"visitor_id", "v1"}});
    const auto board = token({{"name", "Board"}, {"modules", {"pageviews"}}});
    const auto stats = query("GET", "/api/v1/stats").body;
    EXPECT_EQ(see(board).body, R"({"name":"Board","modules":["pageviews"],"stats":)" + stats + "}");
    for (const char* path : {"/stats", "/stats/timeseries", "/pages", "/pages?start_at=2026-03-22&filter=country:DE"}) {
        const auto shown = see(board + path);
        EXPECT_EQ(shown.status, 200) << path;
        EXPECT_EQ(shown.body, query("GET", "/api/v1" + std::string(path)).body) << path;
    }
    EXPECT_NE(see(board + "/pages").body.find("/pricing"), std::string::npos);
    EXPECT_EQ(json_of(see(board + "?start_at=2026-01-01&end_at=2026-01-02")).at("stats").at("current").at("pageviews"),
              0);
    expect_error(see(board + "/pages?limit=0"), 400, "Invalid value for 'limit': must be at least 1.");
    expect_error(see(board + "?start_at=x"), 400,
                 "Invalid value for 'start_at': must be an ISO 8601 date or date-time.");
    expect_error(see(board + "/events"), 403, "Module 'events' is not shared.");
}

TEST_F(SharingOfACollector, EachReportIsSeenWhereItsModuleIsSharedAndOn) {
    std::map<std::string, std::string> shared;
    for (const auto& module : model::modules()) shared[std::string(module.name)] = token({{"modules", {module.name}}});
    const auto all_core = token({});
    for (const auto* report : query::modules()) {
        const bool is_core = report->gate.empty();
        const std::string needed(is_core ? report->key_module : report->gate);
        if (report->protocol != &query::kAnalytics || needed.empty()) continue;
        const std::string path = "/" + std::string(report->path.substr(std::string("/api/v1/").size()));
        for (const auto& [name, token] : shared) {
            if (name != needed) expect_error(see(token + path), 403, "Module '" + needed + "' is not shared.");
        }
        const auto core = see(all_core + path);
        if (is_core) {
            EXPECT_EQ(core.status, 200) << path;
            continue;
        }
        expect_error(core, 403, "Module '" + needed + "' is not shared.");
        expect_error(see(shared[needed] + path), 403, "Module '" + needed + "' is not enabled for this project.");
        module(needed, "enable");
        const auto on = see(shared[needed] + path);
        EXPECT_TRUE(on.status == 200 || on.status == 400 || on.status == 404) << path << ": " << on.body;
        module(needed, "disable");
    }
}

TEST_F(SharingOfACollector, ReportsOfDefinitionsAreSharedWithTheirModule) {
    module("funnels", "enable");
    module("surveys", "enable");
    const auto funnel =
        json_of(query("POST", "/api/v1/funnels", {{"name", "F"}, {"steps", {{{"type", "pageview"}, {"value", "/"}}}}}))
            .value("id", "");
    const auto board = token({{"modules", {"funnels", "surveys"}}});
    const std::string report = "/funnels/" + funnel + "/analyze";
    EXPECT_EQ(see(board + report).body, query("GET", "/api/v1" + report).body);
    expect_error(see(board + "/funnels/nothing/analyze"), 404, "Funnel 'nothing' not found.");
    expect_error(see(board + "/surveys/nothing/stats"), 404, "Survey 'nothing' not found.");
}

TEST_F(SharingOfACollector, NothingElseIsServedThere) {
    const auto board = token({});
    for (const char* path : {"/delivery", "/pulse/events", "/funnels", "/surveys/x/responses", "/exports/pages",
                             "/sharing", "/nothing", "/"}) {
        const auto reply = pulsekit::test::http("GET", dev_.url + "/api/v1/shared/" + board + path);
        expect_error(reply, 404, "Not found.");
    }
    EXPECT_EQ(pulsekit::test::http("POST", dev_.url + "/api/v1/shared/" + board + "/pages").status, 405);
    EXPECT_EQ(pulsekit::test::http("DELETE", dev_.url + "/api/v1/shared/" + board).status, 405);
}

TEST_F(SharingOfACollector, NobodyCanAskForAPersonWhoseIdHeKnows) {
    const auto board = token({});
    for (const char* filter : {"user_id:jane", "trait.plan:pro"}) {
        for (const char* path : {"", "/pages", "/stats"}) {
            expect_error(see(board + path + "?filter=country:DE&filter=" + filter), 400,
                         "Invalid value for 'filter': shared reports take no 'user_id' and no traits.");
        }
    }
}

TEST_F(SharingOfACollector, UnknownExpiredAndEndedOnesAreNotFound) {
    const auto passing = token({{"expires_at", "2026-03-22T17:00:00Z"}});
    const auto ended = share({});
    EXPECT_EQ(see(passing).status, 200);
    clock_.advance(std::chrono::minutes(60));
    EXPECT_EQ(query("DELETE", "/api/v1/sharing/" + ended.value("id", "")).status, 204);
    for (const auto& gone : {passing, ended.value("token", ""), std::string("nothing"), ended.value("id", "")}) {
        expect_error(see(gone), 404, "Shared dashboard not found.");
        expect_error(see(gone + "/pages"), 404, "Shared dashboard not found.");
    }
}

TEST_F(SharingOfACollector, WhereTheModuleIsOffNothingIsShared) {
    const auto board = token({});
    module("sharing", "disable");
    expect_error(see(board), 403, "Module 'sharing' is not enabled for this project.");
    expect_error(see(board + "/pages"), 403, "Module 'sharing' is not enabled for this project.");
    module("sharing", "enable");
    EXPECT_EQ(see(board + "/pages").status, 200);
}

TEST_F(SharingOfACollector, ThePasswordIsAskedForAndKeptToItself) {
    const auto made = share({{"name", "Locked"}, {"password", kPassword}});
    EXPECT_TRUE(made.at("has_password"));
    const auto board = made.value("token", "");
    expect_error(see(board), 401, "Missing password. Provide it via X-Share-Password header.");
    expect_error(see(board + "/pages"), 401, "Missing password. Provide it via X-Share-Password header.");
    expect_error(see(board, "open"), 401, "Invalid password.");
    EXPECT_EQ(see(board, kPassword).status, 200);
    EXPECT_EQ(see(board + "/pages", kPassword).status, 200);
    start();
    EXPECT_EQ(see(board + "/pages", kPassword).status, 200) << "after a restart";
    EXPECT_EQ(see(token({}), kPassword).status, 200) << "where none is asked for, any will do";
    EXPECT_EQ(query("GET", "/api/v1/sharing").body.find(kPassword), std::string::npos);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string content((std::istreambuf_iterator<char>(file)), {});
        EXPECT_EQ(content.find(kPassword), std::string::npos) << entry.path();
    }
}

TEST_F(SharingOfACollector, AfterFiveWrongPasswordsAClientHasToWait) {
    const auto board = token({{"password", kPassword}});
    for (int i = 0; i < 5; ++i) {
        expect_error(see(board + (i % 2 ? "" : "/pages"), "guess " + std::to_string(i)), 401, "Invalid password.");
        clock_.advance(std::chrono::seconds(5));
    }
    const auto late = see(board, "another guess");
    expect_error(late, 429, "Too many wrong passwords. Retry after 35 seconds.");
    EXPECT_NE(late.head.find("Retry-After: 35\r\n"), std::string::npos) << late.head;
    EXPECT_EQ(see(board + "/pages", kPassword).status, 429) << "the right one, too";
    expect_error(see(board), 401, "Missing password. Provide it via X-Share-Password header.");
    EXPECT_EQ(see(board, kPassword, "8.8.8.8").status, 200) << "somebody else";
    EXPECT_EQ(see(token({{"password", kPassword}}), kPassword).status, 200) << "another dashboard";
    clock_.advance(std::chrono::milliseconds(34'999));
    expect_error(see(board, kPassword), 429, "Too many wrong passwords. Retry after 1 second.");
    clock_.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(see(board, kPassword).status, 200);
}

TEST_F(SharingOfACollector, ManyLookersKeepNoKeyWaiting) {
    start(5);
    const auto board = token({});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(see(board + "/pages").status, 200);
    const auto limited = see(board + "/pages");
    expect_error(limited, 429, "Rate limit exceeded. Retry after 1 second.");
    EXPECT_NE(limited.head.find("Retry-After: 1\r\n"), std::string::npos) << limited.head;
    EXPECT_EQ(query("GET", "/api/v1/pages").status, 200);
    EXPECT_EQ(see(token({})).status, 200) << "another dashboard";
}

TEST_F(SharingOfACollector, AWebPageMaySendThePassword) {
    const auto reply = pulsekit::test::http("OPTIONS", dev_.url + "/api/v1/shared/" + token({}) + "/pages",
                                            {"Origin: https://example.org", "Access-Control-Request-Method: GET",
                                             "Access-Control-Request-Headers: x-share-password"});
    EXPECT_EQ(reply.status, 204);
    EXPECT_NE(reply.head.find("X-Share-Password"), std::string::npos) << reply.head;
    EXPECT_NE(reply.head.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos) << reply.head;
}

}  // namespace
}  // namespace collector::app
