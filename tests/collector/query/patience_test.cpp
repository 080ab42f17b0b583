// Reports that nobody waits for, or that take too long or too much.
#include <gtest/gtest.h>

#include "store/open.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query {
namespace {

class PatienceTest : public testing::Test {
protected:
    PatienceTest() {
        pulsekit::test::SeededRandom random(1);
        store_ = *store::open_store({.data_directory = folder_.path().string()}, random);
        model::Event event;
        event.project_id = "p";
        event.event_id = "1";
        event.name = event.source_type = "click";
        event.visitor_id = "v";
        event.session_id = "s";
        EXPECT_TRUE(store_->append({event}).ok());
    }

    http::Response get(std::string_view target, std::chrono::seconds longest, std::stop_token stop = {},
                       std::stop_token gone = {}) {
        const Sources sources{.store = *store_,
                              .definitions = nothing_.definitions(),
                              .experiments = nothing_.experiments(),
                              .surveys = nothing_.surveys(),
                              .shares = nothing_.shares(),
                              .clock = clock_,
                              .log = {},
                              .stop = std::move(stop),
                              .longest = longest,
                              .open_project = {}};
        meta::Project project;
        project.id = "p";
        auto request = test::request(target);
        request.gone = std::move(gone);
        for (const Module* module : modules()) {
            if (test::is_for(request, *module)) return answer(*module, request, sources, project);
        }
        return {.status = 0, .body = {}};
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::FixedClock clock_{1'000};
    std::unique_ptr<store::EventStore> store_;
    test::Nothing nothing_;
};

TEST_F(PatienceTest, WhatTakesTooLongIsGivenUpWithAReason) {
    EXPECT_EQ(get("/api/v1/stats", std::chrono::seconds(1)).status, 200);
    const auto late = get("/api/v1/stats", std::chrono::seconds(0));
    EXPECT_EQ(late.status, 503);
    EXPECT_EQ(late.body, R"({"error":"The report took longer than 0 seconds. Ask for a shorter range."})");
    EXPECT_EQ(get("/api/v1/retention", std::chrono::seconds(0)).status, 503);
    EXPECT_EQ(get("/api/v1/paths?path=/", std::chrono::seconds(0)).status, 503);
}

TEST_F(PatienceTest, ACollectorThatStopsGivesUpWhatIsUnderWay) {
    std::stop_source stop;
    EXPECT_EQ(get("/api/v1/stats", std::chrono::seconds(1), stop.get_token()).status, 200);
    stop.request_stop();
    EXPECT_EQ(get("/api/v1/stats", std::chrono::seconds(1), stop.get_token()).status, 503);
}

TEST_F(PatienceTest, NothingIsAnsweredToAClientThatHasGone) {
    std::stop_source gone;
    EXPECT_EQ(get("/api/v1/stats", std::chrono::seconds(1), {}, gone.get_token()).status, 200);
    gone.request_stop();
    EXPECT_EQ(get("/api/v1/stats", std::chrono::seconds(1), {}, gone.get_token()).status, 503);
}

TEST_F(PatienceTest, WhatTakesTooMuchMemoryIsRefused) {
    for (const char* target : {"/api/v1/stats", "/api/v1/pages", "/api/v1/devices", "/api/v1/retention",
                               "/api/v1/paths?path=/", "/api/v1/errors"}) {
        SCOPED_TRACE(target);
        EXPECT_EQ(get(target, std::chrono::seconds(1)).status, 200);
    }
    store_.reset();
    pulsekit::test::SeededRandom random(1);
    store_ = *store::open_store({.data_directory = folder_.path().string(), .question_bytes = 0}, random);
    for (const char* target : {"/api/v1/stats", "/api/v1/devices", "/api/v1/retention", "/api/v1/paths?path=/"}) {
        SCOPED_TRACE(target);
        const auto refused = get(target, std::chrono::seconds(1));
        EXPECT_EQ(refused.status, 400);
        EXPECT_EQ(refused.body, R"({"error":"The report is too large to compute. Ask for a shorter range."})");
    }
}

}  // namespace
}  // namespace collector::query
