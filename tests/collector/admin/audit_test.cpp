// The audit log: each change has its line, and no line has a secret.
#include <gtest/gtest.h>

#include "crypto/hash.hpp"
#include "support/sqlite/database.hpp"
#include "tests/collector/admin/served.hpp"

namespace collector::admin {
namespace {

using http::Json;

/// The pattern with something in the place of each placeholder.
std::string filled(std::string pattern, const std::string& project_id) {
    for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{')) {
        const auto close = pattern.find('}', open);
        const bool is_project = pattern.substr(open, close - open) == "{id" && is_of_project(pattern);
        pattern.replace(open, close - open + 1, is_project ? project_id : "some-id");
    }
    return pattern;
}

class AuditLogTest : public testing::Test {
protected:
    Json lines(const std::string& query = {}) const { return served_.json(served_.send("GET", kAudit + query)); }
    std::string whole_log() const { return http::to_text(lines("?limit=1000")); }

    const std::string kAudit = "/api/admin/audit";
    const pulsekit::test::TemporaryFolder folder_;
    test::Served served_{folder_.path().string()};
};

TEST_F(AuditLogTest, EveryRouteThatChangesSomethingLeavesALine) {
    std::size_t changing = 0;
    for (const auto& route : admin::routes(*served_.admin)) {
        SCOPED_TRACE(route.method + " " + route.pattern);
        const auto project_id = served_.project();
        const auto before = lines()["data"].size();
        const auto reply = served_.send(route.method, filled(route.pattern, project_id), route.document.request);
        const auto after = lines()["data"];
        if (route.method == "GET") {
            EXPECT_EQ(after.size(), before);
            continue;
        }
        ++changing;
        ASSERT_EQ(after.size(), before + 1);
        EXPECT_EQ(after[0]["method"], route.method);
        EXPECT_EQ(after[0]["status"], reply.status);
        EXPECT_EQ(after[0]["who"], "admin token");
        EXPECT_EQ(after[0]["at"], "2026-03-22T16:00:00Z");
        const auto begins = route.pattern.substr(0, route.pattern.find('{'));
        EXPECT_TRUE(after[0]["path"].get<std::string>().starts_with(begins)) << after[0];
        const auto concerned = is_of_project(route.pattern) ? Json(project_id) : after[0]["project_id"];
        EXPECT_EQ(after[0]["project_id"], concerned);
    }
    EXPECT_GE(changing, 13u);
}

TEST_F(AuditLogTest, ALineTellsWhoDidWhatAndNeverASecret) {
    const auto id = served_.project();
    const auto admin_key = served_.key(id, meta::Scope::admin);
    const std::string keys = "/api/admin/projects/" + id + "/keys";
    const auto made = served_.json(
        served_.send("POST", keys,
                     R"({"name":"a secret name","scopes":["ingest"],"pa_live_in_the_wrong_place":1,"expires_at":null})",
                     {"X-Pulse-Key: " + admin_key.secret}));
    const auto line = lines()["data"][0];
    EXPECT_EQ(line["who"], admin_key.key.key_prefix);
    EXPECT_EQ(line["project_id"], id);
    EXPECT_EQ(line["path"], keys);
    EXPECT_EQ(line["summary"], "name, scopes, expires_at; made " + made.value("id", ""));
    EXPECT_EQ(line["status"], 201);
    EXPECT_EQ(served_.send("DELETE", keys + "/" + made.value("key", "")).status, 404);
    EXPECT_EQ(lines()["data"][0]["path"], keys + "/{key_id}") << "a key in the place of its id";
    EXPECT_EQ(served_.send("DELETE", "/api/admin/projects/" + admin_key.secret).status, 404);
    EXPECT_EQ(lines()["data"][0]["path"], "/api/admin/projects/{id}");
    EXPECT_TRUE(lines()["data"][0]["project_id"].is_null());
    EXPECT_EQ(served_.send("DELETE", keys + "/" + made.value("id", "")).status, 204);
    EXPECT_EQ(lines()["data"][0]["path"], keys + "/" + made.value("id", ""));
    for (const auto& secret : {made.value("key", "?"), admin_key.secret, std::string(test::Served::kToken),
                               std::string("a secret name"), std::string("wrong_place")}) {
        EXPECT_EQ(whole_log().find(secret), std::string::npos) << secret;
    }
}

TEST_F(AuditLogTest, APersonIsToldByTheHashAlone) {
    const auto id = served_.project();
    const std::string who = "jane/doe@example.org";
    EXPECT_EQ(served_.send("DELETE", "/api/admin/projects/" + id + "/users/jane%2Fdoe%40example.org").status, 200);
    EXPECT_EQ(served_.send("DELETE", "/api/admin/projects/nobody/visitors/jane%2Fdoe%40example.org").status, 404);
    const auto data = lines()["data"];
    const auto hash = crypto::hex(crypto::sha256(who));
    EXPECT_EQ(data[1]["path"], "/api/admin/projects/" + id + "/users/sha256:" + hash);
    EXPECT_EQ(data[0]["path"], "/api/admin/projects/{id}/visitors/sha256:" + hash);
    EXPECT_EQ(whole_log().find("jane"), std::string::npos);
}

TEST_F(AuditLogTest, WhoIsNotLetInLeavesNoLine) {
    const auto id = served_.project();
    const auto key = served_.key(id, meta::Scope::query);
    const std::string path = "/api/admin/projects/" + id;
    EXPECT_EQ(served_.send("DELETE", path, "", {}).status, 401);
    EXPECT_EQ(served_.send("DELETE", path, "", {"Authorization: Bearer wrong"}).status, 401);
    EXPECT_EQ(served_.send("DELETE", path, "", {"X-Pulse-Key: " + key.secret}).status, 403);
    EXPECT_TRUE(lines()["data"].empty());
}

TEST_F(AuditLogTest, ALineThatCannotBeWrittenIsWarnedOfAndTheAnswerStays) {
    auto database = pulsekit::sqlite::Database::open(served_.path, pulsekit::sqlite::Access::read_write).value();
    ASSERT_TRUE(database.execute("DROP TABLE audit_log").ok());
    const auto reply = served_.send("POST", "/api/admin/projects", R"({"name":"N","domain":"d"})");
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(served_.catalog->projects().size(), 1u);
    ASSERT_EQ(served_.warnings.size(), 1u);
    EXPECT_NE(served_.warnings[0].find("POST /api/admin/projects 201 could not be recorded"), std::string::npos);
    EXPECT_EQ(served_.send("GET", kAudit).status, 500);
}

TEST_F(AuditLogTest, PagesAreReadByTheirCursor) {
    for (int i = 0; i < 5; ++i) served_.send("POST", "/api/admin/projects", R"({"name":"N","domain":"d"})");
    std::vector<std::int64_t> ids;
    for (std::string query = "?limit=2"; !query.empty();) {
        const auto page = lines(query);
        for (const auto& line : page["data"]) ids.push_back(line["id"]);
        query = page["next_before"].is_null() ? "" : "?limit=2&before=" + page["next_before"].dump();
    }
    EXPECT_EQ(ids, (std::vector<std::int64_t>{5, 4, 3, 2, 1}));
}

}  // namespace
}  // namespace collector::admin
