// Projects are deleted whole, whatever fails on the way.
#include <gtest/gtest.h>

#include "support/sqlite/database.hpp"
#include "tests/collector/admin/served.hpp"
#include "tests/support/append_only_store.hpp"
#include "watch/deletions.hpp"

namespace collector::admin {
namespace {

/// A store that erases nothing.
class Stuck final : public collector::test::AppendOnlyStore {
public:
    pulsekit::Result<std::vector<store::Stored>> append_all(const std::vector<store::Batch>&) override {
        return std::vector<store::Stored>();
    }
    pulsekit::Result<void> probe() override { return {}; }
};

class DeletionTest : public testing::Test {
protected:
    void append(const std::string& project_id, int count) {
        std::vector<model::Event> events;
        for (int i = 0; i < count; ++i) {
            model::Event one;
            one.project_id = project_id;
            one.event_id = std::to_string(i) + " of " + project_id;
            one.kind = model::Kind::event;
            one.name = one.source_type = "tick";
            one.visitor_id = one.session_id = "v";
            one.ts_ms = one.received_ms = served_.clock.unix_ms();
            events.push_back(std::move(one));
        }
        ASSERT_TRUE(served_.store->append(events).ok());
    }
    std::int64_t count(const std::string& of) const {
        auto database = pulsekit::sqlite::Database::open(served_.path, pulsekit::sqlite::Access::read_only).value();
        return database.query_integer("SELECT count(*) FROM " + of).value();
    }
    /// What the collector does every minute.
    void look_after(store::EventStore& store) {
        watch::Deletions({.deletions = *served_.deletions,
                          .store = store,
                          .clock = served_.clock,
                          .log = [](std::string_view) {},
                          .warn = [this](std::string_view text) { warnings_.emplace_back(text); },
                          .stop = {}})
            .run();
    }

    const pulsekit::test::TemporaryFolder folder_;
    test::Served served_{folder_.path().string()};
    std::vector<std::string> warnings_;
    Stuck stuck_;
};

TEST_F(DeletionTest, AllDataGoesAndThatOfOthersStays) {
    const auto gone = served_.project("Gone");
    const auto kept = served_.project("Kept");
    append(gone, 10);
    append(kept, 3);
    EXPECT_EQ(served_.send("DELETE", "/api/admin/projects/" + gone).status, 204);
    EXPECT_EQ(served_.send("DELETE", "/api/admin/projects/" + gone).status, 404);
    EXPECT_EQ(count("events"), 3);
    EXPECT_EQ(count("event_texts WHERE text LIKE '%" + gone + "%'"), 0);
    EXPECT_EQ(count("projects"), 1);
    const auto exported = served_.send("GET", "/api/admin/projects/" + kept + "/export").body;
    EXPECT_EQ(std::count(exported.begin(), exported.end(), '\n'), 3);
}

TEST_F(DeletionTest, OneThatFailedIsAskedForAgainOrFinishedByTheWatch) {
    for (const bool by_the_watch : {false, true}) {
        const auto id = served_.project();
        append(id, 5);
        const auto path = "/api/admin/projects/" + id;
        {
            // As the handler does, with a disk that fails: then the process dies.
            ASSERT_TRUE(served_.catalog->delete_project(id).ok());
            look_after(stuck_);
            EXPECT_EQ(warnings_.size(), by_the_watch ? 2u : 1u);
        }
        EXPECT_EQ(served_.send("GET", path).status, 404);
        EXPECT_EQ(count("events"), 5);
        if (by_the_watch) {
            look_after(*served_.store);
        } else {
            EXPECT_EQ(served_.send("DELETE", path).status, 204);
        }
        EXPECT_EQ(count("events"), 0);
        EXPECT_EQ(count("projects"), 0);
        EXPECT_EQ(served_.send("DELETE", path).status, 404);
    }
}

TEST_F(DeletionTest, EventsThatWereUnderWayGoToo) {
    const auto id = served_.project();
    EXPECT_EQ(served_.send("DELETE", "/api/admin/projects/" + id).status, 204);
    append(id, 2);  // of a request that was let in before
    look_after(*served_.store);
    EXPECT_EQ(count("events"), 2) << "not yet";
    served_.clock.advance(std::chrono::minutes(10));
    look_after(*served_.store);
    EXPECT_EQ(count("events"), 0);
    EXPECT_EQ(count("deleted_projects"), 0) << "and then it is forgotten";
    EXPECT_TRUE(warnings_.empty());
}

}  // namespace
}  // namespace collector::admin
