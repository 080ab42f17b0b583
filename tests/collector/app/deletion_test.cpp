// Deleted projects of a whole collector: their keys are dead at once, and a start finishes what a crash cut off.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "http/json.hpp"
#include "meta/catalog.hpp"
#include "support/system_environment.hpp"
#include "tests/collector/app/dev_app.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::app {
namespace {

using http::Json;
using pulsekit::test::HttpReply;

class ProjectDeletion : public testing::Test {
protected:
    ProjectDeletion() { start(); }

    void start() {
        dev_.app.reset();
        dev_ = test::start_dev_app(data_, clock_);
    }
    HttpReply admin(const std::string& method, const std::string& path, const std::string& body = {}) const {
        return pulsekit::test::http(method, dev_.url + path,
                                    {"Authorization: Bearer " + dev_.keys.at("PULSE_ADMIN_TOKEN")}, body);
    }
    static Json json_of(const HttpReply& reply) { return http::parse_json(reply.body).value_or(Json()); }
    /// With an ingest key and an event of this visitor.
    void make_project(const std::string& visitor) {
        project_ = json_of(admin("POST", "/api/admin/projects", R"({"name":"Shop","domain":"d"})")).value("id", "");
        const auto key = json_of(admin("POST", path() + "/keys", R"({"name":"K","scopes":["ingest"]})"));
        key_ = key.value("key", "");
        EXPECT_EQ(send(visitor).status, 200);
    }
    std::string path() const { return "/api/admin/projects/" + project_; }
    HttpReply send(const std::string& visitor) const {
        const Json event = {{"type", "event"}, {"name", "tick"}, {"visitor_id", visitor}};
        return pulsekit::test::http("POST", dev_.url + "/api/collect", {"X-Pulse-Key: " + key_}, event.dump());
    }
    std::vector<std::string> files_with(const std::string& bytes) const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string content((std::istreambuf_iterator<char>(file)), {});
            if (content.find(bytes) != std::string::npos) found.push_back(entry.path().string());
        }
        return found;
    }

    pulsekit::test::TemporaryFolder folder_;
    const std::string data_ = folder_.file("data");
    pulsekit::test::ManualClock clock_{1'772'712'000'000};
    test::DevApp dev_;
    std::string project_;
    std::string key_;
};

TEST_F(ProjectDeletion, LeavesNothingAndNoKeyOpens) {
    make_project("visitor of the shop");
    EXPECT_FALSE(files_with("visitor of the shop").empty());
    const auto deleted = admin("DELETE", path());
    EXPECT_EQ(deleted.status, 204);
    EXPECT_EQ(deleted.body, "");
    EXPECT_EQ(files_with("visitor of the shop"), std::vector<std::string>());
    EXPECT_EQ(send("another").status, 401);
    EXPECT_EQ(admin("GET", path()).status, 404);
    start();
    EXPECT_EQ(send("another").status, 401);
    EXPECT_EQ(admin("GET", path()).status, 404);
    const auto lines = json_of(admin("GET", "/api/admin/audit?project_id=" + project_))["data"];
    ASSERT_EQ(lines.size(), 3u) << "the audit log outlives it";
    EXPECT_EQ(lines[0]["method"], "DELETE");
}

TEST_F(ProjectDeletion, IsFinishedByTheNextStart) {
    make_project("visitor of the shop");
    dev_.app.reset();
    {
        // All that a process has done that dies right after it has noted the deletion.
        pulsekit::SystemRandom random;
        auto catalog = meta::Catalog::open(data_ + "/pulse.sqlite", clock_, random).value();
        ASSERT_TRUE(catalog->delete_project(project_).ok());
    }
    EXPECT_FALSE(files_with("visitor of the shop").empty());
    start();
    EXPECT_EQ(admin("GET", path()).status, 404);
    EXPECT_EQ(send("another").status, 401);
    for (int i = 0; i < 100'000 && !files_with("visitor of the shop").empty(); ++i) std::this_thread::yield();
    EXPECT_EQ(files_with("visitor of the shop"), std::vector<std::string>());
}

TEST_F(ProjectDeletion, IsRefusedToTheProjectOfDevelopment) {
    const auto demo = "/api/admin/projects/" + dev_.keys.at("PULSE_PROJECT");
    EXPECT_EQ(admin("DELETE", demo).status, 400);
    EXPECT_EQ(admin("PATCH", demo, R"({"name":"other"})").status, 400);
    EXPECT_EQ(admin("PATCH", demo, R"({"domain":"other"})").status, 200);
    EXPECT_EQ(admin("GET", demo).status, 200);
}

TEST_F(ProjectDeletion, OldLinesOfTheAuditLogGo) {
    make_project("v");
    const auto count = [&] { return json_of(admin("GET", "/api/admin/audit"))["data"].size(); };
    EXPECT_EQ(count(), 2u);
    clock_.advance(std::chrono::hours(24 * 401));
    for (int i = 0; i < 100'000 && count() != 0; ++i) std::this_thread::yield();
    EXPECT_EQ(count(), 0u);
}

}  // namespace
}  // namespace collector::app
