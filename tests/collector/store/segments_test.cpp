// What the columns say is what the rows say: while they are written, merged, moved, read again, damaged and lost.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "store/local/segments/segment_folder.hpp"
#include "tests/collector/store/events.hpp"

namespace collector::store {
namespace {

using model::Attribute;
using model::Column;
using model::Field;
using model::Measure;
using model::Question;
using model::Value;
using test::event;
using test::kDay;
using test::kNoon;

/// How many rows, visitors and sessions there are, and how long these last in all.
Question whole() {
    return {.of = {.project_id = "p", .range = {0, 10 * kNoon}},
            .unit = model::Unit::session,
            .attributes = {{.take = Attribute::Take::span}},
            .measures = {{.fold = Measure::Fold::count, .of_rows = true},
                         {.fold = Measure::Fold::distinct, .field = Column::visitor, .of_rows = true},
                         {.fold = Measure::Fold::count},
                         {.fold = Measure::Fold::sum, .field = Field::of_unit(0)}}};
}

class SegmentsTest : public testing::Test {
protected:
    static constexpr std::size_t kMemoryRows = 60;

    SegmentsTest() { reopen(); }

    void reopen() {
        store_.reset();
        store_ = *local::LocalStore::open(
            {.data_directory = folder(), .fsync_each_commit = false, .segment_memory_rows = kMemoryRows}, random_);
    }
    std::string folder() const { return folder_.path().string(); }

    /// Some events of a few sessions over some days; of a session on many days, of visitors that share one.
    std::vector<model::Event> some() {
        std::vector<model::Event> events;
        for (int i = random_.below(40); i >= 0; --i) {
            auto one = event("e" + std::to_string(made_++), kNoon + random_.below(6) * kDay + random_.below(50));
            const int session = random_.below(30);
            one.session_id = "s" + std::to_string(session);
            one.visitor_id = "v" + std::to_string(random_.below(8) == 0 ? random_.below(9) : session % 9);
            one.path = random_.below(3) ? "/" + std::to_string(random_.below(5)) : "";
            one.project_id = random_.below(6) ? "p" : "q";
            events.push_back(std::move(one));
        }
        return events;
    }

    /// The same of the rows, by SQL.
    std::vector<std::int64_t> by_rows() const {
        auto database = std::move(
            *pulsekit::sqlite::Database::open(local::database_path(folder()), pulsekit::sqlite::Access::read_only));
        std::vector<std::int64_t> numbers;
        const std::string of = " FROM readable_events WHERE project = 'p'";
        for (const auto& sql :
             {"SELECT count(*)" + of, "SELECT count(DISTINCT visitor)" + of, "SELECT count(DISTINCT session)" + of,
              "SELECT coalesce(sum(lasts), 0) FROM (SELECT max(ts_ms) - min(ts_ms) AS lasts" + of +
                  " GROUP BY session)"}) {
            numbers.push_back(*database.query_integer(sql));
        }
        return numbers;
    }

    void compare() {
        const auto answer = store_->ask(whole());
        ASSERT_TRUE(answer.ok()) << answer.error().message;
        std::vector<std::int64_t> numbers;
        for (const auto& value : answer->rows.at(0)) numbers.push_back(std::get<std::int64_t>(value));
        ASSERT_EQ(numbers, by_rows());
    }

    std::vector<std::filesystem::path> files() const {
        std::vector<std::filesystem::path> found;
        std::error_code gone;
        for (const auto& entry : std::filesystem::directory_iterator(folder() + "/segments", gone)) {
            if (entry.path().extension() == ".segment") found.push_back(entry.path());
        }
        return found;
    }

    void damage_one() {
        const auto all = files();
        if (all.empty()) return;
        const auto& file = all[static_cast<std::size_t>(random_.below(static_cast<int>(all.size())))];
        const auto size = static_cast<int>(std::filesystem::file_size(file));
        std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
        const int at = random_.below(size);
        bytes.seekg(at);
        const auto byte = static_cast<char>(bytes.get() ^ 0x55);
        bytes.seekp(at);
        bytes.put(byte);
    }

    const pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::SeededRandom random_{seed()};
    std::unique_ptr<local::LocalStore> store_;
    int made_ = 0;

    static std::uint64_t seed() {
        const char* chosen = std::getenv("PULSEKIT_TEST_SEED");
        static const std::uint64_t kSeed = chosen ? std::strtoull(chosen, nullptr, 10) : std::random_device{}();
        return kSeed;
    }
};

TEST_F(SegmentsTest, SayWhatTheRowsSayWhateverHappensToTheFiles) {
    SCOPED_TRACE("PULSEKIT_TEST_SEED=" + std::to_string(seed()));
    for (int i = 0; i < 150 && !HasFatalFailure(); ++i) {
        ASSERT_TRUE(store_->append(some()).ok());
        if (random_.below(3) == 0) compare();
        if (random_.below(12) == 0) reopen();
        if (random_.below(15) == 0) {
            store_.reset();
            if (random_.below(3)) {
                damage_one();
            } else {
                std::filesystem::remove(folder() + "/segments/manifest");
            }
            reopen();
            compare();
        }
    }
    compare();
    EXPECT_FALSE(files().empty());
}

TEST_F(SegmentsTest, OfAnotherDatabaseAreMadeAnew) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(store_->append(some()).ok());
    compare();
    store_.reset();
    ASSERT_FALSE(files().empty());
    std::filesystem::copy(folder() + "/segments", folder() + "/kept", std::filesystem::copy_options::recursive);
    for (const char* gone : {"pulse.sqlite", "texts", "contexts", "ids"})
        std::filesystem::remove_all(folder() + "/" + gone);
    made_ += 1'000'000;
    reopen();
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(store_->append(some()).ok());
    store_.reset();
    std::filesystem::remove_all(folder() + "/segments");
    std::filesystem::rename(folder() + "/kept", folder() + "/segments");
    reopen();
    compare();
}

TEST_F(SegmentsTest, ACheckNamesTheDamage) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(store_->append(some()).ok());
    compare();
    store_.reset();
    ASSERT_FALSE(files().empty());
    EXPECT_TRUE(local::check_segments(folder()).empty());
    damage_one();
    const auto problems = local::check_segments(folder());
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].find(".segment is damaged"), std::string::npos) << problems[0];
}

TEST_F(SegmentsTest, ManyAskWhileOneAppends) {
    std::atomic<bool> done = false;
    std::vector<std::jthread> asking;
    std::atomic<int> failures = 0;
    for (int i = 0; i < 3; ++i) {
        asking.emplace_back([&] {
            std::int64_t before = 0;
            while (!done) {
                const auto answer = store_->ask(whole());
                if (!answer || std::get<std::int64_t>(answer->rows.at(0).at(0)) < before) {
                    ++failures;
                    return;
                }
                before = std::get<std::int64_t>(answer->rows.at(0).at(0));
            }
        });
    }
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(store_->append(some()).ok());
    done = true;
    asking.clear();
    EXPECT_EQ(failures, 0);
    compare();
}

}  // namespace
}  // namespace collector::store
