// Surveys, and how many responses they take.
#include "meta/surveys.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "meta/catalog.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using pulsekit::ErrorCode;
using Status = Survey::Status;

class SurveysTest : public testing::Test {
protected:
    std::string make(Status status, std::optional<std::int64_t> limit = {}) {
        const auto id = surveys_->create(project_, {.name = "S", .response_limit = limit}).value().id;
        EXPECT_TRUE(surveys_->set_status(project_, id, status).ok());
        return id;
    }
    SurveyResponse response(const std::string& survey, const std::string& event) const {
        return {.project_id = project_,
                .survey_id = survey,
                .event_id = event,
                .answers = R"([{"question_id":"q","value":1}])",
                .path = "/",
                .visitor_id = "v-" + event,
                .submitted_ms = 1};
    }
    std::string refusal(const SurveyResponse& response) {
        const auto recorded = surveys_->record(response);
        if (recorded) return "taken";
        EXPECT_EQ(recorded.error().code, ErrorCode::invalid);
        return recorded.error().message;
    }
    std::int64_t count(const std::string& survey) { return surveys_->survey(project_, survey).value().responses; }
    std::int64_t rows(const std::string& survey) {
        return surveys_
            ->responses({.project_id = project_, .survey_id = survey, .from_ms = 0, .to_ms = 1'000}, 1'000, 0)
            .value()
            .total;
    }

    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<Catalog> catalog_ = Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    std::unique_ptr<Surveys> surveys_ = Surveys::open(folder_.file("pulse.sqlite"), clock_, random_).value();
};

TEST_F(SurveysTest, ARepeatedResponseCountsOnceWhateverHasBecomeOfTheSurvey) {
    const auto id = make(Status::active, 1);
    EXPECT_EQ(surveys_->record(response(id, "e")).value(), Recorded::fresh);
    EXPECT_EQ(surveys_->record(response(id, "e")).value(), Recorded::known) << "though the survey is full";
    EXPECT_TRUE(surveys_->set_status(project_, id, Status::archived).ok());
    EXPECT_EQ(surveys_->record(response(id, "e")).value(), Recorded::known);
    EXPECT_EQ(surveys_->record(response(make(Status::active), "e")).value(), Recorded::known)
        << "an event is of one survey";
    EXPECT_EQ(count(id), 1);
    EXPECT_EQ(rows(id), 1);
}

TEST_F(SurveysTest, OnlyActiveOnesBelowTheirLimitTakeResponses) {
    for (const auto status : {Status::draft, Status::paused, Status::archived}) {
        const auto id = make(status);
        EXPECT_EQ(refusal(response(id, "e")), "Survey '" + id + "' is not active.");
    }
    const auto id = make(Status::active, 2);
    EXPECT_EQ(surveys_->active(project_).value().size(), 1u);
    EXPECT_EQ(surveys_->record(response(id, "1")).value(), Recorded::fresh);
    EXPECT_EQ(surveys_->record(response(id, "2")).value(), Recorded::fresh);
    EXPECT_EQ(refusal(response(id, "3")), "Survey '" + id + "' has reached its response limit.");
    EXPECT_TRUE(surveys_->active(project_).value().empty());
    EXPECT_TRUE(surveys_->withdraw(project_, "1").ok());
    EXPECT_TRUE(surveys_->withdraw(project_, "1").ok()) << "once is enough";
    EXPECT_EQ(count(id), 1);
    EXPECT_EQ(surveys_->record(response(id, "3")).value(), Recorded::fresh);
}

TEST_F(SurveysTest, OfAnotherProjectAreUnknown) {
    const auto other = catalog_->create_project("O", "o.example").value().id;
    const auto id = make(Status::active);
    auto foreign = response(id, "e");
    foreign.project_id = other;
    EXPECT_EQ(surveys_->record(foreign).error().code, ErrorCode::not_found);
    EXPECT_EQ(surveys_->survey(other, id).error().code, ErrorCode::not_found);
    EXPECT_EQ(surveys_->change(other, id, {.name = "x"}).error().code, ErrorCode::not_found);
    EXPECT_EQ(surveys_->set_status(other, id, Status::draft).error().code, ErrorCode::not_found);
    EXPECT_EQ(surveys_->erase(other, id).error().code, ErrorCode::not_found);
    EXPECT_TRUE(surveys_->surveys(other).value().empty());
    EXPECT_EQ(surveys_->record(response(id, "e")).value(), Recorded::fresh);
    foreign.survey_id = surveys_->create(other, {.name = "S"}).value().id;
    EXPECT_TRUE(surveys_->set_status(other, foreign.survey_id, Status::active).ok());
    EXPECT_EQ(surveys_->record(foreign).value(), Recorded::fresh) << "the same id is another event there";
}

TEST_F(SurveysTest, ErasedResponsesAreGoneButNotUnknown) {
    const auto id = make(Status::active);
    auto of_user = response(id, "1");
    of_user.user_id = "jane";
    ASSERT_TRUE(surveys_->record(of_user).ok());
    ASSERT_TRUE(surveys_->record(response(id, "2")).ok());
    ASSERT_TRUE(surveys_->record(response(id, "3")).ok());
    EXPECT_EQ(surveys_->erase_responses(project_, Respondent::user, "").value(), 0) << "nobody is not a person";
    EXPECT_EQ(surveys_->erase_responses(project_, Respondent::user, "v-2").value(), 0);
    EXPECT_EQ(surveys_->erase_responses("other", Respondent::user, "jane").value(), 0);
    EXPECT_EQ(surveys_->erase_responses(project_, Respondent::user, "jane").value(), 1);
    EXPECT_EQ(surveys_->erase_responses(project_, Respondent::visitor, "v-2").value(), 1);
    EXPECT_EQ(surveys_->erase_responses(project_, Respondent::visitor, "v-2").value(), 0);
    EXPECT_EQ(count(id), 1);
    EXPECT_EQ(rows(id), 1);
    EXPECT_EQ(surveys_->record(of_user).value(), Recorded::known) << "a repeat brings nothing back";
    EXPECT_EQ(rows(id), 1);
}

TEST_F(SurveysTest, TakeTheirResponsesWithThem) {
    const auto id = make(Status::active);
    ASSERT_TRUE(surveys_->record(response(id, "1")).ok());
    ASSERT_TRUE(surveys_->erase(project_, id).ok());
    EXPECT_EQ(rows(id), 0);
    EXPECT_EQ(surveys_->record(response(id, "1")).error().code, ErrorCode::not_found);
    EXPECT_EQ(surveys_->record(response(make(Status::active), "1")).value(), Recorded::fresh) << "its row is gone";
}

TEST_F(SurveysTest, AreVisitedResponseByResponseUntilAnErrorEndsIt) {
    const auto id = make(Status::active);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(surveys_->record(response(id, std::to_string(i))).ok());
    const ResponseRange all{.project_id = project_, .survey_id = id, .from_ms = 0, .to_ms = 10};
    int seen = 0;
    EXPECT_TRUE(surveys_
                    ->for_each_response(all,
                                        [&](std::string_view answers, bool completed) -> pulsekit::Result<void> {
                                            ++seen;
                                            EXPECT_EQ(answers, R"([{"question_id":"q","value":1}])");
                                            EXPECT_TRUE(completed);
                                            // Another may respond meanwhile.
                                            EXPECT_TRUE(
                                                surveys_->record(response(id, "x" + std::to_string(seen))).ok());
                                            return {};
                                        })
                    .ok());
    EXPECT_EQ(seen, 10);
    const auto ended = surveys_->for_each_response(all, [&](std::string_view, bool) -> pulsekit::Result<void> {
        ++seen;
        return pulsekit::Error{ErrorCode::unavailable, "enough"};
    });
    EXPECT_EQ(ended.error().message, "enough");
    EXPECT_EQ(seen, 11);
}

TEST_F(SurveysTest, KeepTheirLimitWhoeverRespondsAtOnce) {
    const auto id = make(Status::active, 10);
    std::atomic<int> taken{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 10; ++i) {
                    taken += surveys_->record(response(id, std::to_string(t) + "-" + std::to_string(i))).ok();
                }
            });
        }
    }
    EXPECT_EQ(taken, 10);
    EXPECT_EQ(count(id), 10);
    EXPECT_EQ(rows(id), 10);
}

}  // namespace
}  // namespace collector::meta
