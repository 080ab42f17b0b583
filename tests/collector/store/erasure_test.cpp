// Erased rows are nowhere: not in answers, not in files; and what is left is as if they had never been sent.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "store/local/check.hpp"
#include "tests/collector/store/events.hpp"

namespace collector::store {
namespace {

using test::event;
using test::kDay;
using test::kNoon;

std::uint64_t seed() {
    const char* chosen = std::getenv("PULSEKIT_TEST_SEED");
    static const std::uint64_t kSeed = chosen ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
    return kSeed;
}

/// A store whose memory and files are small, and the events that it must have.
class ErasureTest : public testing::Test {
protected:
    ErasureTest() : trace_(__FILE__, __LINE__, "PULSEKIT_TEST_SEED=" + std::to_string(seed())) { reopen(); }

    void reopen() {
        store_.reset();
        auto opened = local::LocalStore::open({.data_directory = folder(),
                                               .fsync_each_commit = false,
                                               .index_table_limit = 60,
                                               .segment_memory_rows = 60},
                                              random_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        store_ = std::move(*opened);
    }
    std::string folder() const { return folder_.path().string(); }

    static std::string visitor(int number) { return "visitor-" + std::to_string(number) + "."; }
    static std::string user(int number) { return "user-" + std::to_string(number) + "@example.org"; }

    /// Visitors and sessions come again and again; some fields have the name of whom they are of.
    model::Event made() {
        auto one = event("event-" + std::to_string(made_++) + ".", kNoon + random_.below(6) * kDay + random_.below(50));
        const int of = random_.below(40);
        one.project_id = random_.below(6) ? "p" : "q";
        one.visitor_id = visitor(of);
        one.session_id = "session-" + std::to_string(of) + "-" + std::to_string(random_.below(3)) + ".";
        if (random_.below(2)) one.user_id = user(of / 2);
        one.path = "/" + std::to_string(random_.below(5));
        one.title = random_.below(3) ? "title" : "of " + one.visitor_id;
        one.referrer = random_.below(3) ? "" : "https://example.org/" + one.visitor_id;
        one.url = random_.below(3) ? "" : "https://example.org" + one.path + "?" + one.visitor_id;
        one.bot = random_.below(8) == 0;
        one.utm_campaign = random_.below(5) ? "" : "campaign of " + one.visitor_id;
        if (random_.below(4) == 0) {
            one.kind = model::Kind::identify;
            one.props = "{\"name\":\"" + one.visitor_id + "\"}";
        }
        if (random_.below(4) == 0) {
            one.error_message = "no " + one.visitor_id;
            one.error_type = "type of " + one.visitor_id;
            one.query = one.visitor_id;
        }
        if (random_.below(4) == 0) one.vitals = {{"LCP", 1}, {"of " + one.visitor_id, 2}};
        if (random_.below(3) == 0) {
            one.dialect = model::DialectId::analytics;
            if (random_.below(2)) one.session_id.clear();
        }
        return one;
    }
    void append_some() {
        std::vector<model::Event> events;
        for (int i = random_.below(40); i >= 0; --i) events.push_back(made());
        ASSERT_TRUE(store_->append(events).ok());
        for (auto& one : events) kept_.push_back(std::move(one));
    }
    static bool is_meant(const Erasure& erasure, const model::Event& one) {
        if (one.project_id != erasure.project_id) return false;
        switch (erasure.of) {
            case Erasure::Of::user: return one.user_id == erasure.id;
            case Erasure::Of::visitor: return one.visitor_id == erasure.id;
            case Erasure::Of::project: return true;
            default: return one.ts_ms < erasure.before_ms;
        }
    }
    Erasure some_erasure() {
        Erasure erasure{.project_id = random_.below(3) ? "p" : "q"};
        const int of = random_.below(10);
        if (random_.below(10) == 0) {
            erasure.of = Erasure::Of::project;
        } else if (of == 0) {
            erasure.of = Erasure::Of::old_events;
            erasure.before_ms = kNoon + random_.below(5) * kDay / 2 + random_.below(50);
        } else if (of < 5) {
            erasure.id = user(random_.below(20));
        } else {
            erasure.of = Erasure::Of::visitor;
            erasure.id = visitor(random_.below(40));
        }
        return erasure;
    }
    void erase(const Erasure& erasure) {
        const auto expected = forget(erasure);
        const auto erased = store_->erase(erasure, {});
        ASSERT_TRUE(erased.ok()) << erased.error().message;
        ASSERT_EQ(*erased, expected);
        if (erasure.of == Erasure::Of::visitor && erasure.project_id == "p") expect_no_trace("visitor", erasure.id);
    }
    std::int64_t forget(const Erasure& erasure) {
        return static_cast<std::int64_t>(
            std::erase_if(kept_, [&](const model::Event& one) { return is_meant(erasure, one); }));
    }

    /// The other project's events may have the same ids.
    void expect_no_trace(const std::string& what, const std::string& id) {
        const bool other =
            std::any_of(kept_.begin(), kept_.end(), [&](const auto& one) { return one.visitor_id == id; });
        if (other) return;
        EXPECT_EQ(files_with(id), std::vector<std::string>()) << what << " " << id;
    }
    std::vector<std::string> files_with(const std::string& bytes) const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string content((std::istreambuf_iterator<char>(file)), {});
            if (content.find(bytes) != std::string::npos) found.push_back(entry.path().string());
        }
        return found;
    }

    /// As if only what is kept had ever been sent.
    void compare() {
        const pulsekit::test::TemporaryFolder other_folder;
        pulsekit::test::SeededRandom random{1};
        auto other = *local::LocalStore::open(
            {.data_directory = other_folder.path().string(), .fsync_each_commit = false}, random);
        ASSERT_TRUE(other->append(named()).ok());
        for (const std::string project : {"p", "q"}) {
            for (const auto& question : questions(project)) {
                const auto answer = store_->ask(question);
                ASSERT_TRUE(answer.ok()) << answer.error().message;
                const auto expected = other->ask(question);
                ASSERT_EQ(answer->rows, expected->rows);
            }
        }
        const auto problems = local::check(folder());
        ASSERT_TRUE(problems.ok());
        ASSERT_EQ(*problems, std::vector<std::string>());
        ASSERT_EQ(count("events"), static_cast<std::int64_t>(kept_.size()));
        // Nothing is kept that nothing refers to.
        for (const auto* table : {"event_texts", "event_contexts", "event_vitals", "event_details"}) {
            auto database = pulsekit::sqlite::Database::open(local::database_path(other_folder.path().string()),
                                                             pulsekit::sqlite::Access::read_only);
            const std::string of_none = std::string(table) == "event_texts" ? " WHERE space <> 0" : "";
            ASSERT_EQ(count(table + of_none),
                      *database->query_integer("SELECT count(*) FROM " + std::string(table) + of_none))
                << table;
        }
    }
    /// With the sessions that they were given.
    std::vector<model::Event> named() const {
        auto database = local_database();
        auto events = kept_;
        auto session = database.prepare("SELECT session FROM readable_events WHERE event_id = ?");
        for (auto& one : events) {
            session->bind(1, one.event_id);
            if (*session->step()) one.session_id = session->text(0);
            session->reset();
        }
        return events;
    }
    pulsekit::sqlite::Database local_database() const {
        return std::move(
            *pulsekit::sqlite::Database::open(local::database_path(folder()), pulsekit::sqlite::Access::read_only));
    }
    std::int64_t count(const std::string& of) const {
        return *local_database().query_integer("SELECT count(*) FROM " + of);
    }
    static std::vector<model::Question> questions(const std::string& project) {
        using model::Attribute;
        using model::Column;
        using model::Field;
        using model::Measure;
        const model::Selection all{.project_id = project, .range = {0, 10 * kNoon}};
        std::vector<model::Question> list;
        list.push_back({.of = all,
                        .unit = model::Unit::session,
                        .attributes = {{.take = Attribute::Take::span}},
                        .measures = {{.fold = Measure::Fold::count, .of_rows = true},
                                     {.fold = Measure::Fold::distinct, .field = Column::visitor, .of_rows = true},
                                     {.fold = Measure::Fold::count},
                                     {.fold = Measure::Fold::sum, .field = Field::of_unit(0)}}});
        for (const auto column : {Column::visitor, Column::user, Column::path, Column::error_message, Column::day,
                                  Column::utm_campaign, Column::query}) {
            list.push_back({.of = all,
                            .group_by = {column},
                            .measures = {{.fold = Measure::Fold::count},
                                         {.fold = Measure::Fold::distinct, .field = Column::visitor}},
                            .order = {{.by = model::Order::By::group, .index = 0}}});
        }
        return list;
    }

    pulsekit::test::SeededRandom random_{seed()};
    const pulsekit::test::TemporaryFolder folder_;
    testing::ScopedTrace trace_;
    std::unique_ptr<local::LocalStore> store_;
    std::vector<model::Event> kept_;
    int made_ = 0;
};

TEST_F(ErasureTest, LeavesWhatWouldBeThereHadTheRestAloneBeenSent) {
    for (int i = 0; i < 80 && !HasFailure(); ++i) {
        append_some();
        if (random_.below(2) == 0) erase(some_erasure());
        if (random_.below(8) == 0) compare();
        if (random_.below(10) == 0) reopen();
        if (random_.below(25) == 0) {
            store_.reset();
            std::filesystem::remove_all(folder() + (random_.below(2) ? "/segments" : "/texts"));
            reopen();
        }
    }
    compare();
}

TEST_F(ErasureTest, IsFinishedAfterAKillAtAnyPoint) {
    for (int i = 0; i < 25 && !HasFailure(); ++i) {
        append_some();
        const auto erasure = some_erasure();
        store_.reset();
        const pid_t child = ::fork();
        if (child == 0) {
            reopen();
            for (int j = 0; j < 3; ++j) (void)store_->erase(erasure, {});
            ::_exit(0);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(random_.below(40'000)));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        reopen();
        ASSERT_EQ(*local::check(folder()), std::vector<std::string>());
        const auto before = std::move(kept_);
        kept_.clear();
        if (random_.below(2)) append_some();  // is not meant
        const auto after = std::exchange(kept_, before);
        ASSERT_TRUE(store_->finish_erasures({}).ok());
        // It is either all there or all gone.
        if (count("events") != static_cast<std::int64_t>(kept_.size() + after.size())) forget(erasure);
        kept_.insert(kept_.end(), after.begin(), after.end());
        compare();
    }
}

TEST_F(ErasureTest, WhatComesAfterwardsIsNew) {
    auto one = event("first");
    one.user_id = "a user";
    auto other = event("second");
    ASSERT_TRUE(store_->append({one, other}).ok());
    EXPECT_EQ(*store_->erase({.project_id = "p", .of = Erasure::Of::user, .id = "a user"}, {}), 1);
    EXPECT_EQ(*store_->erase({.project_id = "p", .of = Erasure::Of::user, .id = "a user"}, {}), 0);
    EXPECT_EQ(*store_->erase({.project_id = "nothing", .of = Erasure::Of::user, .id = "a user"}, {}), 0);
    EXPECT_EQ(*store_->append({one}), std::vector{Stored::duplicate}) << "a repeat does not bring it back";
    reopen();
    EXPECT_EQ(*store_->append({one}), std::vector{Stored::duplicate});
    one.event_id = "third";
    EXPECT_EQ(*store_->append({one}), std::vector{Stored::fresh});
    kept_ = {other, one};
    compare();
    EXPECT_EQ(*store_->erase({.project_id = "p", .of = Erasure::Of::visitor, .id = "v"}, {}), 2);
    kept_ = {};
    reopen();
    EXPECT_EQ(*store_->append({one, other}), (std::vector{Stored::duplicate, Stored::duplicate}))
        << "not even when nothing is left";
    compare();
}

TEST_F(ErasureTest, OfAProjectNothingIsLeft) {
    const auto segment_files = [&] {
        int files = 0;
        for (const auto& entry : std::filesystem::directory_iterator(folder() + "/segments"))
            files += entry.path().extension() == ".segment";
        return files;
    };
    const auto appended = [&](const std::string& project, int number) {
        auto one = made();
        one.project_id = project;
        one.event_id = "event " + std::to_string(number) + " of " + project;
        one.visitor_id = "visitor of " + project + std::to_string(number % 9);
        one.utm_source = "campaign of " + project;
        one.error_stack = "stack of " + project;
        return one;
    };
    const auto append_to = [&](const std::string& project, int from, int to) {
        std::vector<model::Event> events;
        for (int i = from; i < to; ++i) events.push_back(appended(project, i));
        ASSERT_TRUE(store_->append(events).ok());
        if (project == "q") kept_.insert(kept_.end(), events.begin(), events.end());
    };
    const Erasure whole{.project_id = "the first project", .of = Erasure::Of::project};
    append_to(whole.project_id, 0, 300);
    for (int i = 0; i < 1'000 && segment_files() == 0; ++i) {
        ASSERT_TRUE(store_->ask(questions(whole.project_id).front()).ok());
        std::this_thread::yield();
    }
    ASSERT_GT(segment_files(), 0);
    ASSERT_NE(files_with(whole.project_id), std::vector<std::string>());
    EXPECT_EQ(*store_->erase(whole, {}), 300);
    for (const auto* table : {"events", "event_texts", "event_contexts", "event_details", "event_vitals",
                              "session_spans", "orphaned_texts", "orphaned_contexts"}) {
        EXPECT_EQ(count(table), 0) << table;
    }
    EXPECT_EQ(segment_files(), 0);
    EXPECT_EQ(files_with(whole.project_id), std::vector<std::string>()) << "its id, its events' and all their texts";
    EXPECT_EQ(*store_->erase(whole, {}), 0);
    EXPECT_EQ(*local::check(folder()), std::vector<std::string>());

    append_to("q", 0, 200);
    append_to(whole.project_id, 0, 100);  // is not known: nothing of it is
    EXPECT_EQ(count("events"), 300);
    append_to("q", 200, 300);
    reopen();
    EXPECT_EQ(*store_->erase(whole, {}), 100);
    EXPECT_EQ(files_with(whole.project_id), std::vector<std::string>());
    reopen();
    EXPECT_EQ(files_with(whole.project_id), std::vector<std::string>());
    compare();
}

TEST_F(ErasureTest, GoesOnBesideQuestionsAndAppends) {
    std::atomic<bool> done = false;
    std::atomic<int> failures = 0;
    std::vector<std::jthread> asking;
    for (int i = 0; i < 2; ++i) {
        asking.emplace_back([&] {
            while (!done) {
                for (const auto& question : questions("p")) {
                    const auto answer = store_->ask(question);
                    bool nameless = !answer.ok();
                    // A text that went before its rows would be empty.
                    if (answer && question.group_by.size() == 1) {
                        for (const auto& row : answer->rows) nameless |= row[0] == model::Value(std::string());
                    }
                    failures += nameless;
                }
            }
        });
    }
    std::jthread erasing([&] {
        pulsekit::test::SeededRandom random(seed() + 1);
        while (!done) {
            const Erasure erasure{.project_id = "p", .of = Erasure::Of::visitor, .id = visitor(random.below(40))};
            if (!store_->erase(erasure, {})) ++failures;
        }
    });
    for (int i = 0; i < 100; ++i) append_some();
    done = true;
    asking.clear();
    erasing.join();
    EXPECT_EQ(failures, 0);
    // Which came before their visitor's erasure, the rows tell.
    auto database = local_database();
    auto row = database.prepare("SELECT 1 FROM events WHERE event_id = ?");
    std::erase_if(kept_, [&](const model::Event& one) {
        row->bind(1, one.event_id);
        const bool gone = !*row->step();
        row->reset();
        return gone;
    });
    compare();
}

/// SQLite moves rows within its pages when neighbours of theirs go, and what it leaves there it does not look at again.
TEST_F(ErasureTest, NothingIsLeftOfRowsThatWereMoved) {
    for (int i = 0; i < 12'000; i += 500) {
        std::vector<model::Event> events;
        for (int j = i; j < i + 500; ++j) {
            auto one = event(std::to_string(j), kNoon + j);
            const int of = j / 15 + random_.below(200);
            one.visitor_id = visitor(of);
            one.session_id = "session of " + visitor(of);
            one.referrer =
                "https://example.org/" + visitor(of) + std::string(static_cast<std::size_t>(random_.below(60)), 'x');
            if (random_.below(50) == 0)
                one.error_stack = visitor(of) + std::string(static_cast<std::size_t>(random_.below(20'000)), 'x');
            events.push_back(std::move(one));
        }
        ASSERT_TRUE(store_->append(events).ok());
        if (i % 4'000 == 2'000) {
            ASSERT_TRUE(
                store_->erase({.project_id = "p", .of = Erasure::Of::old_events, .before_ms = kNoon + i / 3}, {}).ok());
        }
    }
    std::vector<std::string> erased;
    for (int i = 0; i < 80; ++i) {
        erased.push_back(visitor(random_.below(900)));
        ASSERT_TRUE(store_->erase({.project_id = "p", .of = Erasure::Of::visitor, .id = erased.back()}, {}).ok());
    }
    for (const auto& id : erased) EXPECT_EQ(files_with(id), std::vector<std::string>()) << id;
}

}  // namespace
}  // namespace collector::store
