// Repeated ids, however they are kept: in memory, in runs, or read again from the rows.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "store/open.hpp"
#include "tests/collector/store/events.hpp"

namespace collector::store {
namespace {

using enum Stored;
using test::event;
using test::Fixture;
using test::kDay;
using test::kNoon;
namespace fs = std::filesystem;

std::vector<std::string> run_files(const Fixture& store) {
    std::vector<std::string> files;
    for (const auto& folder : local::index_folders(store.folder())) {
        for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path().string());
    }
    return files;
}

/// What the store must say: the plainest code that can.
class Model {
public:
    Model(std::int64_t window_ms) : window_ms_(window_ms) {}
    Stored claim(const std::string& id, std::int64_t received_ms) {
        const auto found = known_.find(id);
        if (found != known_.end() && found->second >= received_ms - window_ms_) return duplicate;
        known_[id] = received_ms;
        return fresh;
    }

private:
    const std::int64_t window_ms_;
    std::map<std::string, std::int64_t> known_;
};

TEST(Ids, AreWhatTheModelSaysWhateverHappensToTheirFiles) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    Fixture store(/*dedupe_days=*/2, /*index_table_limit=*/40);
    Model model(2 * kDay);
    std::int64_t now = kNoon;
    int made = 0;
    for (int round = 0; round < 250; ++round) {
        now += static_cast<std::int64_t>(random() % (kDay / 20));
        std::vector<model::Event> events;
        std::vector<Stored> expected;
        for (std::size_t i = 1 + random() % 30; i > 0; --i) {
            const bool again = made > 0 && random() % 3 == 0;
            const auto id =
                again ? made - static_cast<int>(random() % static_cast<unsigned>(std::min(made, 900))) : ++made;
            auto one = event("id-" + std::to_string(id), now);
            expected.push_back(model.claim(one.event_id, now));
            events.push_back(std::move(one));
        }
        const auto stored = store->append(events);
        ASSERT_TRUE(stored.ok()) << stored.error().message;
        ASSERT_EQ(*stored, expected) << "round " << round;
        if (random() % 10 != 0) continue;
        store.close();
        const auto files = run_files(store);
        const auto harm = random() % 5;
        if (!files.empty() && harm == 0) fs::remove(files[random() % files.size()]);
        if (!files.empty() && harm == 1) fs::resize_file(files[random() % files.size()], random() % 200);
        if (!files.empty() && harm == 2) {
            std::fstream file(files[random() % files.size()], std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(static_cast<std::streamoff>(random() % 300));
            file.put('x').put('y');
        }
        if (harm == 3) fs::remove_all(local::index_folders(store.folder())[random() % 3]);
        store.reopen();
    }
}

TEST(Ids, AreNotForgottenOverAClockThatWasWrongForAWhile) {
    Fixture store(/*dedupe_days=*/30, /*index_table_limit=*/20);
    const auto put = [&](const std::string& name, int count, std::int64_t now) {
        for (int i = 0; i < count; ++i) ASSERT_TRUE(store->append({event(name + std::to_string(i), now)}).ok());
    };
    put("before-", 50, kNoon);
    put("ahead-", 10, kNoon + 40 * kDay);
    put("after-", 50, kNoon + 1);
    put("behind-", 10, kNoon - 40 * kDay);
    put("later-", 50, kNoon + 2);
    for (const bool reopened : {false, true}) {
        if (reopened) store.reopen();
        for (const char* id : {"before-0", "before-49", "ahead-3", "after-7", "later-30"}) {
            EXPECT_EQ(*store->append({event(id, kNoon + 3)}), std::vector{duplicate}) << id;
        }
    }
    // Received more than the window ago, for all that the collector knows.
    EXPECT_EQ(*store->append({event("behind-9", kNoon + 3)}), std::vector{fresh});
}

TEST(Ids, OfAFileThatCannotBeReadAreNotTakenForNew) {
    Fixture store(/*dedupe_days=*/30, /*index_table_limit=*/20);
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(store->append({event(std::to_string(i))}).ok());
    const auto files = run_files(store);
    ASSERT_FALSE(files.empty());
    for (const auto& file : files) fs::resize_file(file, 100);
    const auto refused = store->append({event("new"), event("0")});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, pulsekit::ErrorCode::unavailable);
    store.reopen();
    EXPECT_EQ(*store->append({event("new"), event("0"), event("199")}), (std::vector{fresh, duplicate, duplicate}));
    EXPECT_EQ(store.count(), 201);
}

TEST(Ids, StayInFewFiles) {
    Fixture store(/*dedupe_days=*/30, /*index_table_limit=*/50);
    for (int batch = 0; batch < 400; ++batch) {
        std::vector<model::Event> events;
        for (int i = 0; i < 25; ++i) events.push_back(event(std::to_string(batch) + "." + std::to_string(i)));
        ASSERT_TRUE(store->append(events).ok());
    }
    store.close();
    EXPECT_LT(run_files(store).size(), 30u) << "of 200 that were written for ids alone";
    store.reopen();
    EXPECT_EQ(*store->append({event("0.0"), event("399.24"), event("new")}),
              (std::vector<Stored>{duplicate, duplicate, fresh}));
}

TEST(Ids, OfABackupAreThoseOfItsRows) {
    Fixture store(/*dedupe_days=*/30, /*index_table_limit=*/20);
    const auto put = [&](const std::string& name, int count) {
        std::vector<model::Event> events;
        for (int i = 0; i < count; ++i) events.push_back(event(name + std::to_string(i)));
        ASSERT_TRUE(store->append(events).ok());
    };
    put("before-", 100);
    const auto copy = store.folder() + ".backup";
    ASSERT_TRUE(backup_store(store.folder(), copy, {}).ok());
    put("after-", 100);
    put("later-", 100);
    store.close();
    for (const char* log : {"-wal", "-shm"}) fs::remove(local::database_path(store.folder()) + log);
    fs::copy_file(copy, local::database_path(store.folder()), fs::copy_options::overwrite_existing);
    fs::remove(copy);
    store.reopen();
    EXPECT_EQ(*store->append({event("before-7"), event("after-7"), event("later-99")}),
              (std::vector<Stored>{duplicate, fresh, fresh}));
    EXPECT_EQ(store.count(), 102);
}

/// What a killed process would leave. Runs may be merged meanwhile: those that are gone are left out.
void copy_as_it_is(const fs::path& from, const fs::path& to) {
    for (const auto& entry : fs::directory_iterator(from)) {
        if (entry.is_regular_file()) fs::copy_file(entry.path(), to / entry.path().filename());
    }
    for (const auto& folder : local::index_folders(from.string())) {
        const fs::path target = to / fs::path(folder).filename();
        fs::create_directories(target);
        for (const auto& entry : fs::directory_iterator(folder)) {
            std::error_code gone;
            fs::copy_file(entry.path(), target / entry.path().filename(), gone);
        }
    }
}

TEST(Ids, OfRowsThatATornLogLostAreFreshAgain) {
    constexpr int kEvents = 300;
    Fixture store(/*dedupe_days=*/30, /*index_table_limit=*/20);
    for (int i = 0; i < kEvents; ++i) ASSERT_TRUE(store->append({event(std::to_string(i))}).ok());
    const pulsekit::test::TemporaryFolder killed;
    copy_as_it_is(store.folder(), killed.path());
    ASSERT_FALSE(fs::is_empty(killed.path() / "ids"));  // of ids that the log alone has the rows of
    for (const double part : {0.3, 0.6, 0.9, 0.99}) {
        SCOPED_TRACE(part);
        const pulsekit::test::TemporaryFolder copy;
        fs::copy(killed.path(), copy.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        const std::string log = local::database_path(copy.path().string()) + "-wal";
        fs::resize_file(log, static_cast<std::uintmax_t>(static_cast<double>(fs::file_size(log)) * part));
        pulsekit::test::SeededRandom random(7);
        auto torn = local::LocalStore::open(
            {.data_directory = copy.path().string(), .dedupe_days = 30, .index_table_limit = 20}, random);
        ASSERT_TRUE(torn.ok()) << torn.error().message;
        int known = 0;
        for (int i = 0; i < kEvents; ++i) {
            const bool is_known = (*torn)->append({event(std::to_string(i))})->front() == duplicate;
            EXPECT_TRUE(!is_known || known == i) << i;  // the rows that are left are the first ones
            known += is_known ? 1 : 0;
        }
        EXPECT_GT(known, 0);
        EXPECT_LT(known, kEvents);
        const auto answer = (*torn)->ask(test::count_of());
        ASSERT_TRUE(answer.ok());
        EXPECT_EQ(std::get<std::int64_t>(answer->rows.at(0).at(0)), kEvents);
        torn->reset();
        EXPECT_TRUE(check_store(copy.path().string())->empty());
    }
}

TEST(Ids, DamagedFilesAreNamedByCheck) {
    Fixture store(/*dedupe_days=*/30, /*index_table_limit=*/20);
    std::vector<model::Event> events;
    for (int i = 0; i < 100; ++i) events.push_back(event(std::to_string(i)));
    ASSERT_TRUE(store->append(events).ok());
    ASSERT_TRUE(store->append({event("one more")}).ok());
    store.close();
    const auto files = run_files(store);
    ASSERT_FALSE(files.empty());
    EXPECT_TRUE(check_store(store.folder())->empty());
    fs::resize_file(files.front(), fs::file_size(files.front()) - 1);
    const auto problems = check_store(store.folder());
    ASSERT_EQ(problems->size(), 1u);
    EXPECT_NE(problems->front().find("is damaged"), std::string::npos) << problems->front();
}

}  // namespace
}  // namespace collector::store
