#include "meta/audit.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::meta {
namespace {

class AuditTest : public testing::Test {
protected:
    void record(const std::string& path, std::optional<std::string> project_id) {
        const AuditLine line{.who = "pa_live_xK9m...",
                             .project_id = std::move(project_id),
                             .method = "POST",
                             .path = path,
                             .summary = "name",
                             .status = 201};
        ASSERT_TRUE(audit_->record(line).ok());
    }
    std::string paths(const AuditQuery& query) {
        std::string all;
        const auto page = audit_->lines(query).value();
        for (const auto& line : page.lines) all += line.path + " ";
        return all;
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};
    std::unique_ptr<Audit> audit_ = Audit::open(folder_.file("pulse.sqlite"), clock_).value();
};

TEST_F(AuditTest, LinesAreKeptAndReadNewestFirst) {
    record("/1", "p");
    clock_.advance(std::chrono::seconds(1));
    record("/2", std::nullopt);
    record("/3", "q");
    record("/4", "p");
    audit_ = Audit::open(folder_.file("pulse.sqlite"), clock_).value();
    EXPECT_EQ(paths({}), "/4 /3 /2 /1 ");
    EXPECT_EQ(paths({.project_id = "p"}), "/4 /1 ");
    EXPECT_EQ(paths({.project_id = "nobody"}), "");
    const auto all = audit_->lines({}).value().lines;
    EXPECT_EQ(all[3].at_ms + 1000, all[2].at_ms);
    EXPECT_EQ(all[0].who, "pa_live_xK9m...");
    EXPECT_EQ(all[0].project_id, "p");
    EXPECT_EQ(all[2].project_id, std::nullopt);
    EXPECT_EQ(all[0].method, "POST");
    EXPECT_EQ(all[0].summary, "name");
    EXPECT_EQ(all[0].status, 201);
}

TEST_F(AuditTest, PagesHaveEachLineOnceWhileMoreCome) {
    for (int i = 0; i < 7; ++i) record("/" + std::to_string(i), "p");
    std::string seen;
    AuditQuery query{.project_id = "p", .limit = 3};
    for (bool more = true; more;) {
        const auto page = audit_->lines(query).value();
        for (const auto& line : page.lines) seen += line.path + " ";
        more = page.more;
        query.before = page.lines.back().id;
        record("/new", "p");
    }
    EXPECT_EQ(seen, "/6 /5 /4 /3 /2 /1 /0 ");
    EXPECT_FALSE(audit_->lines({.limit = 10}).value().more);
    EXPECT_TRUE(audit_->lines({.limit = 9}).value().more);
}

TEST_F(AuditTest, OldLinesGo) {
    record("/old", "p");
    clock_.advance(std::chrono::hours(24));
    record("/young", "p");
    ASSERT_TRUE(audit_->keep(1).ok());
    EXPECT_EQ(paths({}), "/young /old ") << "a day old, and no older";
    clock_.advance(std::chrono::milliseconds(1));
    ASSERT_TRUE(audit_->keep(1).ok());
    EXPECT_EQ(paths({}), "/young ");
}

}  // namespace
}  // namespace collector::meta
