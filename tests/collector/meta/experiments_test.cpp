#include "meta/experiments.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "meta/database.hpp"
#include "meta/tables.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

using pulsekit::ErrorCode;
using Status = Experiment::Status;

constexpr std::int64_t kNow = 1'774'195'200'000;

class ExperimentsTest : public testing::Test {
protected:
    ExperimentsTest() {
        auto tables = Tables::open(path_).value();
        for (const char* id : {"p", "q"}) EXPECT_TRUE(tables.insert(Project{.id = id, .name = id}).ok());
        reopen();
    }

    void reopen() {
        experiments_.reset();
        experiments_ = Experiments::open(path_, clock_, random_).value();
    }

    Experiment create(std::vector<Variant> variants = {{"A", 50}, {"B", 50}}, const std::string& project = "p") {
        Experiment wanted;
        wanted.project_id = project;
        wanted.name = "E";
        wanted.variants = std::move(variants);
        return experiments_->create(std::move(wanted)).value();
    }
    /// To the status, by what leads there.
    Experiment at(Status status) {
        auto made = create();
        if (status != Status::draft) go(made, Status::running);
        if (status != Status::draft && status != Status::running) go(made, status);
        return made;
    }
    void go(const Experiment& experiment, Status to) {
        ASSERT_TRUE(experiments_->change_status(experiment.project_id, experiment.id, to).ok());
    }
    std::size_t assigned(const Experiment& experiment) {
        return experiments_->assignments(experiment, 0, kNow * 2).value().size();
    }
    std::int64_t rows(const std::string& table) {
        return open_database(path_).value().query_integer("SELECT count(*) FROM " + table).value();
    }

    pulsekit::test::TemporaryFolder folder_;
    const std::string path_ = folder_.file("pulse.sqlite");
    pulsekit::test::ManualClock clock_{kNow};
    pulsekit::test::SeededRandom random_{1};
    std::unique_ptr<Experiments> experiments_;
};

/// The first 8 bytes of SHA-256("exp-1:<visitor>"), in percent of what they may be: 65.83, 40.16, 57.47, 46.52, 44.97,
/// 5.02, 94.12, 92.87, 83.05 and, of the empty one, 13.55.
TEST(VariantOf, IsAsSha256Says) {
    Experiment experiment;
    experiment.id = "exp-1";
    experiment.variants = {{"A", 34}, {"B", 33}, {"C", 33}};
    const std::pair<const char*, std::size_t> expected[] = {{"v0", 1},  {"v1", 1}, {"v2", 1},        {"v3", 1},
                                                            {"v4", 1},  {"v5", 0}, {"visitor-1", 2}, {"\xc3\xa9", 2},
                                                            {"a:b", 2}, {"", 0}};
    for (const auto& [visitor, variant] : expected) EXPECT_EQ(variant_of(experiment, visitor), variant) << visitor;
    experiment.variants = {{"A", 65.8}, {"B", 0.1}, {"C", 34.1}};
    EXPECT_EQ(variant_of(experiment, "v0"), 1u);
}

TEST(VariantOf, SharesVisitorsOutByWeight) {
    Experiment experiment;
    experiment.id = "exp-1";
    experiment.variants = {{"A", 34}, {"B", 33}, {"C", 33}};
    std::map<std::size_t, int> counts;
    for (int i = 0; i < 30'000; ++i) ++counts[variant_of(experiment, "v" + std::to_string(i))];
    EXPECT_EQ(counts, (std::map<std::size_t, int>{{0, 10172}, {1, 10027}, {2, 9801}}));
}

TEST(VariantOf, NobodyFallsToWeightZeroWhateverTheWeightsLack) {
    for (const double weight : {99.99, 100.01}) {
        Experiment experiment;
        experiment.id = "exp-1";
        experiment.variants = {{"A", 0}, {"B", weight}, {"C", 0}};
        for (int i = 0; i < 30'000; ++i) ASSERT_EQ(variant_of(experiment, "v" + std::to_string(i)), 1u);
    }
}

TEST_F(ExperimentsTest, OnlyOneWayLeadsFromStatusToStatus) {
    const std::set<std::pair<Status, Status>> ways = {{Status::draft, Status::running},
                                                      {Status::running, Status::paused},
                                                      {Status::paused, Status::running},
                                                      {Status::running, Status::completed}};
    const Status all[] = {Status::draft, Status::running, Status::paused, Status::completed};
    for (const auto from : all) {
        for (const auto to : all) {
            const auto experiment = at(from);
            const auto changed = experiments_->change_status("p", experiment.id, to);
            EXPECT_EQ(changed.ok(), ways.contains({from, to})) << name_of(from) << ' ' << name_of(to);
            if (!changed) {
                EXPECT_EQ(changed.error().code, ErrorCode::invalid);
                EXPECT_EQ(changed.error().message, "Experiment cannot go from '" + std::string(name_of(from)) +
                                                       "' to '" + std::string(name_of(to)) + "'.");
            }
            const auto now = experiments_->find("p", experiment.id).value().status;
            EXPECT_EQ(now, changed ? to : from);
        }
    }
    EXPECT_EQ(experiments_->change_status("q", at(Status::draft).id, Status::running).error().code,
              ErrorCode::not_found);
}

TEST_F(ExperimentsTest, WhatRunsIsNotDeleted) {
    for (const auto status : {Status::running, Status::paused}) {
        const auto experiment = at(status);
        const auto erased = experiments_->erase("p", experiment.id);
        ASSERT_FALSE(erased.ok());
        EXPECT_EQ(erased.error().code, ErrorCode::invalid);
        EXPECT_EQ(erased.error().message, "Experiment can only be deleted while draft or completed.");
        EXPECT_TRUE(experiments_->find("p", experiment.id).ok());
    }
    for (const auto status : {Status::draft, Status::completed}) {
        const auto experiment = at(status);
        EXPECT_EQ(experiments_->erase("q", experiment.id).error().code, ErrorCode::not_found);
        EXPECT_TRUE(experiments_->erase("p", experiment.id).ok());
        EXPECT_EQ(experiments_->find("p", experiment.id).error().code, ErrorCode::not_found);
        EXPECT_EQ(experiments_->erase("p", experiment.id).error().code, ErrorCode::not_found);
    }
}

TEST_F(ExperimentsTest, ADeletedOneTakesItsAssignmentsAlong) {
    const auto experiment = at(Status::running);
    const auto other = at(Status::running);
    ASSERT_TRUE(experiments_->assign("p", experiment.id, "v").ok());
    ASSERT_TRUE(experiments_->assign("p", other.id, "v").ok());
    go(experiment, Status::completed);
    ASSERT_TRUE(experiments_->erase("p", experiment.id).ok());
    EXPECT_EQ(rows("experiment_assignments"), 1);
    EXPECT_EQ(rows("experiment_variants"), 2);
    EXPECT_EQ(assigned(other), 1u);
}

TEST_F(ExperimentsTest, AnAssignmentStays) {
    const auto experiment = at(Status::running);
    const auto variant = experiments_->assign("p", experiment.id, "v").value();
    EXPECT_EQ(variant, experiment.variants[variant_of(experiment, "v")].name);
    clock_.advance(std::chrono::hours(1));
    reopen();
    EXPECT_EQ(experiments_->assign("p", experiment.id, "v").value(), variant);
    auto database = open_database(path_).value();
    ASSERT_TRUE(
        database.execute("UPDATE experiment_variants SET weight = CASE name WHEN '" + variant + "' THEN 0 ELSE 100 END")
            .ok());
    EXPECT_EQ(experiments_->assign("p", experiment.id, "v").value(), variant) << "whatever the weights are by now";
    EXPECT_NE(experiments_->assign("p", experiment.id, "another").value(), variant);
    const auto all = experiments_->assignments(experiment, 0, kNow).value();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].visitor_id, "v");
    EXPECT_EQ(all[0].assigned_ms, kNow);
    EXPECT_EQ(experiments_->assignments(experiment, kNow + 1, kNow * 2).value().size(), 1u);
    EXPECT_EQ(experiments_->assignments(experiment, kNow, kNow + 3'600'000).value().size(), 2u);
}

TEST_F(ExperimentsTest, OnlyARunningOneTakesVisitors) {
    for (const auto status : {Status::draft, Status::paused, Status::completed}) {
        const auto refused = experiments_->assign("p", at(status).id, "v");
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, ErrorCode::invalid);
        EXPECT_EQ(refused.error().message, "Experiment is not running.");
    }
    EXPECT_EQ(rows("experiment_assignments"), 0);
    EXPECT_EQ(experiments_->assign("q", at(Status::running).id, "v").error().code, ErrorCode::not_found);
}

TEST_F(ExperimentsTest, AClockThatIsSetBackAssignsNobodyBeforeTheBeginning) {
    const auto experiment = at(Status::running);
    clock_.advance(-std::chrono::hours(1));
    ASSERT_TRUE(experiments_->assign("p", experiment.id, "v").ok());
    EXPECT_EQ(experiments_->assignments(experiment, 0, kNow).value().at(0).assigned_ms, experiment.created_ms);
}

TEST_F(ExperimentsTest, AnErasedVisitorIsInNoVariant) {
    const auto first = at(Status::running);
    const auto second = at(Status::running);
    const auto elsewhere = create({{"A", 50}, {"B", 50}}, "q");
    go(elsewhere, Status::running);
    for (const auto& one : {first, second, elsewhere}) {
        for (const char* visitor : {"v", "w", "x"}) {
            ASSERT_TRUE(experiments_->assign(one.project_id, one.id, visitor).ok());
        }
    }
    ASSERT_TRUE(experiments_->erase_visitors("p", {"v", "x", "nobody"}).ok());
    EXPECT_EQ(assigned(first), 1u);
    EXPECT_EQ(assigned(second), 1u);
    EXPECT_EQ(assigned(elsewhere), 3u);
    EXPECT_TRUE(experiments_->erase_visitors("p", {}).ok());
    EXPECT_EQ(experiments_->assignments(first, 0, kNow).value()[0].visitor_id, "w");
}

}  // namespace
}  // namespace collector::meta
