// Who is let in to the reports.
#include "query/routes.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "meta/definitions.hpp"
#include "query/export.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query {
namespace {

using model::ModuleAccess;

/// The store fails, so that whoever is let in is answered anything but 401, 403 or 429.
bool is_let_in(const http::Response& response) {
    return response.status != 401 && response.status != 403 && response.status != 429;
}

class Doors : public testing::Test {
protected:
    std::string key(meta::NewKey wanted) {
        wanted.project_id = project_;
        wanted.name = "K";
        return catalog_->create_key(wanted).value().secret;
    }

    void set(std::string_view module, bool enabled, ModuleAccess access) {
        const meta::ModuleChange change{.module = model::index_of_module(module), .enabled = enabled, .access = access};
        ASSERT_TRUE(catalog_->change_modules(project_, {change}).ok());
    }

    http::Response get(std::string_view path, const std::string& key = {}, const std::string& open_project = {}) {
        const auto all = routes(*access_, {.store = store_,
                                           .definitions = *definitions_,
                                           .experiments = *experiments_,
                                           .surveys = *surveys_,
                                           .shares = *shares_,
                                           .clock = clock_,
                                           .log = {},
                                           .stop = {},
                                           .open_project = open_project});
        http::Response answered{.status = 0, .body = {}};
        for (const auto& route : all) {
            if (route.method != "GET" || route.pattern != path) continue;
            http::Request request;
            request.method = "GET";
            if (!key.empty()) request.headers.emplace("X-Pulse-Key", key);
            request.path_values["type"] = "pages";
            route.handler(std::move(request), http::Responder([&](http::Response response) { answered = response; }));
        }
        return answered;
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_ =
        meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Definitions> definitions_ =
        meta::Definitions::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Experiments> experiments_ =
        meta::Experiments::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Surveys> surveys_ =
        meta::Surveys::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    std::unique_ptr<meta::Shares> shares_ = meta::Shares::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    std::unique_ptr<meta::Access> access_ =
        std::make_unique<meta::Access>(*catalog_, clock_, meta::RateLimits{.query = 0});
    collector::test::FakeStore store_;
};

TEST_F(Doors, EveryReportWantsAKeyWithItsScope) {
    const auto query = key({.scopes = {meta::Scope::query}});
    const auto ingest = key({.scopes = {meta::Scope::ingest}});
    for (const Module* module : modules()) {
        if (!module->gate.empty()) set(module->gate, true, ModuleAccess::read);
        EXPECT_EQ(get(module->path).status, 401) << module->name;
        EXPECT_EQ(get(module->path, "pa_live_unknown").status, 401) << module->name;
        EXPECT_EQ(get(module->path, ingest).status, 403) << module->name;
        EXPECT_TRUE(is_let_in(get(module->path, query))) << module->name;
    }
}

TEST_F(Doors, AModuleThatIsOffOrNotReadableLetsNobodyIn) {
    const auto query = key({.scopes = {meta::Scope::query}});
    std::map<std::string_view, std::string_view> gates{{kExportPath, "exports"}};
    for (const Module* module : modules()) gates[module->path] = module->gate;
    for (const auto& [path, gate] : gates) {
        if (gate.empty()) continue;
        const auto off = get(path, query);
        EXPECT_EQ(off.status, 403) << path;
        EXPECT_EQ(off.body, "{\"error\":\"Module '" + std::string(gate) + "' is not enabled for this project.\"}");
    }
    for (const auto& [path, gate] : gates) {
        if (gate.empty()) continue;
        set(gate, true, ModuleAccess::write);
        EXPECT_EQ(get(path, query).status, 403) << path;
        set(gate, true, ModuleAccess::read);
        EXPECT_TRUE(is_let_in(get(path, query))) << path;
    }
}

TEST_F(Doors, CoreReportsAreOpenWhateverTheModulesAre) {
    const auto query = key({.scopes = {meta::Scope::query}});
    for (const auto& module : model::modules()) set(module.name, false, ModuleAccess::write);
    for (const Module* module : modules()) {
        EXPECT_EQ(is_let_in(get(module->path, query)), module->gate.empty()) << module->name;
    }
}

TEST_F(Doors, AKeyIsKeptToItsModules) {
    const std::map<std::string_view, std::string_view> core = {
        {"/api/v1/stats", "pageviews"}, {"/api/v1/stats/timeseries", "pageviews"},
        {"/api/v1/pages", "pageviews"}, {"/api/v1/referrers", "referrers"},
        {"/api/v1/events", "events"},   {"/api/v1/devices", "devices"},
        {"/api/v1/geo", "geo"},         {"/api/v1/realtime", "realtime"},
        {"/api/v1/outlinks", "events"}};
    std::map<std::string_view, std::string_view> needed = core;
    needed[kExportPath] = "exports";
    for (const Module* module : modules()) {
        if (!module->gate.empty()) needed[module->path] = module->gate;
    }
    for (const auto& module : model::modules()) {
        set(module.name, true, ModuleAccess::all);
        const auto restricted = key({.scopes = {meta::Scope::query}, .allowed_modules = {std::string(module.name)}});
        for (const auto& [path, name] : needed) {
            const auto response = get(path, restricted);
            EXPECT_EQ(is_let_in(response), name == module.name) << path << " with " << module.name;
        }
        EXPECT_TRUE(is_let_in(get("/api/v1/delivery", restricted)));
        EXPECT_TRUE(is_let_in(get("/api/v1/pulse/events", restricted)));
    }
}

TEST_F(Doors, TheGatewayIsOpenOnlyWhereItIsOpened) {
    for (const char* path : {"/api/v1/pulse/events", "/api/v1/pulse/reports/top-events"}) {
        const auto closed = get(path);
        EXPECT_EQ(closed.status, 401);
        EXPECT_EQ(closed.body,
                  R"({"success":false,"error":{"code":"UNAUTHORIZED","message":"Missing or invalid API key"}})");
        const auto open = get(path, "", project_);
        EXPECT_EQ(open.status, 503);
        EXPECT_EQ(open.body, R"({"success":false,"error":{"code":"UNAVAILABLE","message":"Service unavailable"}})");
        EXPECT_EQ(get(path, "pa_live_unknown", project_).status, 401) << "a key that is sent is always looked at";
        EXPECT_EQ(get(path, key({.scopes = {meta::Scope::ingest}}), project_).status, 403);
    }
    EXPECT_EQ(get("/api/v1/stats", "", project_).status, 401) << "the others are not the gateway's";
}

TEST_F(Doors, TooManyAreToldWhenToComeAgain) {
    access_ = std::make_unique<meta::Access>(*catalog_, clock_, meta::RateLimits{.query = 1});
    const auto query = key({.scopes = {meta::Scope::query}});
    EXPECT_TRUE(is_let_in(get("/api/v1/stats", query)));
    const auto limited = get("/api/v1/stats", query);
    EXPECT_EQ(limited.status, 429);
    ASSERT_EQ(limited.headers.size(), 1u);
    EXPECT_EQ(limited.headers[0], (std::pair<std::string, std::string>("Retry-After", "1")));
    EXPECT_EQ(
        get("/api/v1/pulse/events", query).body,
        R"({"success":false,"error":{"code":"RATE_LIMITED","message":"Rate limit exceeded. Retry after 1 second."}})");
}

}  // namespace
}  // namespace collector::query
