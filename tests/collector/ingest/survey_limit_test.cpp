// That a survey's limit holds, whoever responds at once.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/collector/ingest/harness.hpp"

namespace collector::test {
namespace {

class SurveyLimit : public testing::Test {
protected:
    SurveyLimit() {
        const meta::ModuleChange on{.module = model::index_of_module("surveys"), .enabled = true};
        EXPECT_TRUE(harness_.catalog().change_modules(harness_.project(), {on}).ok());
        survey_ = harness_.surveys()
                      .create(harness_.project(), {.name = "S", .questions = "[]", .response_limit = kLimit})
                      .value()
                      .id;
        EXPECT_TRUE(harness_.surveys().set_status(harness_.project(), survey_, meta::Survey::Status::active).ok());
    }

    int respond(const std::string& event_id) {
        const std::string body = R"({"type":"survey_response","answers":[],"survey_id":")" + survey_ +
                                 R"(","event_id":")" + event_id + "\"}";
        return pulsekit::test::http("POST", harness_.base() + "/api/collect",
                                    {"X-Pulse-Key: " + harness_.key("ingest")}, body)
            .status;
    }
    std::set<std::string> recorded() {
        const auto page = harness_.surveys().responses(
            {.project_id = harness_.project(), .survey_id = survey_, .from_ms = 0, .to_ms = INT64_MAX}, 1'000, 0);
        std::set<std::string> ids;
        for (const auto& response : page->responses) ids.insert(response.event_id);
        EXPECT_EQ(static_cast<std::int64_t>(ids.size()), page->total);
        return ids;
    }
    std::set<std::string> stored() {
        std::set<std::string> ids;
        for (const auto& event : harness_.store().events()) ids.insert(event.event_id);
        return ids;
    }

    static constexpr int kLimit = 10;
    Harness harness_;
    std::string survey_;
};

TEST_F(SurveyLimit, ExactlySoManyAreAcceptedWhenManyRespondAtOnce) {
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 8; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 6; ++i) {
                    const int status = respond(std::to_string(t) + "-" + std::to_string(i));
                    accepted += status == 200;
                    refused += status == 400;
                }
            });
        }
    }
    EXPECT_EQ(accepted, kLimit);
    EXPECT_EQ(refused, 8 * 6 - kLimit);
    EXPECT_EQ(recorded().size(), static_cast<std::size_t>(kLimit));
    EXPECT_EQ(stored(), recorded());
}

TEST_F(SurveyLimit, ThoseThatAreRepeatedUntilTheyAreStoredAreAllThere) {
    harness_.store().fail(true);
    std::atomic<int> accepted{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 6; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 3; ++i) {
                    int status = 503;
                    while (status == 503) status = respond(std::to_string(t) + "-" + std::to_string(i));
                    accepted += status == 200;
                    if (t == 0 && i == 0) { EXPECT_EQ(status, 200) << "the first to come keeps its place"; }
                }
            });
        }
        // The first response meets a store that refuses, at least once.
        EXPECT_EQ(respond("0-0"), 503);
        harness_.store().fail(false);
    }
    EXPECT_EQ(accepted, kLimit);
    EXPECT_EQ(recorded().size(), static_cast<std::size_t>(kLimit));
    EXPECT_EQ(stored(), recorded());
}

}  // namespace
}  // namespace collector::test
