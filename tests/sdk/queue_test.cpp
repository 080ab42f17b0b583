#include "src/queue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "support/sqlite/database.hpp"
#include "tests/support/records.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

Intake intake(int first, int count, std::uint64_t ring = 1) {
    Intake made;
    for (int i = first; i < first + count; ++i) made.records += test::sized("event-" + std::to_string(i));
    made.count = static_cast<std::uint32_t>(count);
    made.ring = ring;
    made.position = static_cast<std::uint64_t>(first + count);
    return made;
}

std::vector<std::string> names(const Batch& batch) { return {batch.records.begin(), batch.records.end()}; }

class QueueTest : public testing::TestWithParam<const char*> {
protected:
    std::unique_ptr<Queue> open(std::uint64_t max_bytes = 1'000'000) {
        if (std::string(GetParam()) == "memory") return open_memory_queue(max_bytes);
        auto queue = open_sqlite_queue(folder_.file("queue.sqlite"), max_bytes, [](const Diagnostic&) {});
        EXPECT_TRUE(queue.ok());
        return std::move(*queue);
    }
    test::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Both, QueueTest, testing::Values("memory", "sqlite"));

TEST_P(QueueTest, IsFirstInFirstOutAndSettledFromTheFront) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 3)}).ok());
    ASSERT_TRUE(queue->append({intake(3, 3)}).ok());
    auto batch = queue->peek(4, 1'000'000);
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(names(*batch), (std::vector<std::string>{"event-0", "event-1", "event-2", "event-3"}));
    Settlement some;
    some.delivered = 1;
    some.dropped["rejected"] = 1;
    ASSERT_TRUE(queue->settle(*batch, 2, some).ok());
    auto rest = queue->peek(100, 1'000'000);
    ASSERT_TRUE(rest.ok());
    EXPECT_EQ(names(*rest), (std::vector<std::string>{"event-2", "event-3", "event-4", "event-5"}));
    EXPECT_EQ(queue->ledger().accepted, 6u);
    EXPECT_EQ(queue->ledger().delivered, 1u);
    EXPECT_EQ(queue->ledger().dropped.at("rejected"), 1u);
    EXPECT_EQ(queue->ledger().queued(), 4u);
}

TEST_P(QueueTest, ABatchIsBoundedInBytesButNeverEmpty) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 5)}).ok());
    const auto tiny = queue->peek(100, 1);
    ASSERT_TRUE(tiny.ok());
    EXPECT_EQ(tiny->records.size(), 1u);
    const auto two = queue->peek(100, 2 * 11);
    ASSERT_TRUE(two.ok());
    EXPECT_EQ(two->records.size(), 2u);
}

TEST_P(QueueTest, WhatIsTooMuchIsDroppedFromTheFrontButNotUnderTheUploader) {
    auto queue = open(/*max_bytes=*/200);
    ASSERT_TRUE(queue->append({intake(0, 5)}).ok());
    const auto batch = queue->peek(5, 1'000'000);
    ASSERT_TRUE(batch.ok());
    for (int i = 5; i < 100; ++i) ASSERT_TRUE(queue->append({intake(i, 1)}).ok());
    EXPECT_GT(queue->ledger().dropped.at("queue_full"), 50u);
    Settlement all;
    all.delivered = 5;
    ASSERT_TRUE(queue->settle(*batch, 5, all).ok());
    const auto rest = queue->peek(1'000, 1'000'000);
    ASSERT_TRUE(rest.ok());
    EXPECT_EQ(rest->records.back(), "event-99");
    EXPECT_EQ(queue->ledger().queued(), rest->records.size());
    EXPECT_EQ(queue->ledger().accepted, 100u);
}

TEST_P(QueueTest, RingOverflowIsAcceptedAndDropped) {
    auto queue = open();
    Intake first = intake(0, 2);
    first.overflowed = 3;
    ASSERT_TRUE(queue->append({first}).ok());
    Intake second = intake(2, 1);
    second.overflowed = 4;
    ASSERT_TRUE(queue->append({second}).ok());
    EXPECT_EQ(queue->ledger().accepted, 7u);
    EXPECT_EQ(queue->ledger().dropped.at("journal_full"), 4u);
    EXPECT_EQ(queue->ledger().queued(), 3u);
    EXPECT_EQ(queue->state().mark_of(1).position, 3u);
    EXPECT_EQ(queue->state().mark_of(1).overflowed, 4u);
    ASSERT_TRUE(queue->forget_ring(1).ok());
    EXPECT_EQ(queue->state().mark_of(1).position, 0u);
}

// Random appends and settlements against a plain list; the ledger must hold after each step.
TEST_P(QueueTest, TheLedgerIsExactAtEveryMoment) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    auto queue = open();
    std::vector<std::string> expected;
    int next = 0;
    for (int round = 0; round < 300; ++round) {
        if (random() % 2 == 0) {
            const int count = static_cast<int>(random() % 5);
            ASSERT_TRUE(queue->append({intake(next, count)}).ok());
            for (int i = 0; i < count; ++i) expected.push_back("event-" + std::to_string(next++));
        } else {
            const auto batch = queue->peek(1 + random() % 7, 1 + random() % 100);
            ASSERT_TRUE(batch.ok());
            const std::size_t count = batch->records.empty() ? 0 : random() % (batch->records.size() + 1);
            for (std::size_t i = 0; i < batch->records.size(); ++i) ASSERT_EQ(batch->records[i], expected[i]);
            Settlement settlement;
            settlement.delivered = count;
            ASSERT_TRUE(queue->settle(*batch, count, settlement).ok());
            expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count));
        }
        ASSERT_EQ(queue->ledger().queued(), expected.size());
        ASSERT_EQ(queue->ledger().accepted, static_cast<std::uint64_t>(next));
    }
}

class SqliteQueueTest : public testing::Test {
protected:
    std::unique_ptr<Queue> open() {
        auto queue = open_sqlite_queue(path_, 1'000'000, [this](const Diagnostic& d) { diagnostics_.push_back(d); });
        EXPECT_TRUE(queue.ok()) << queue.error().message;
        return queue.ok() ? std::move(*queue) : nullptr;
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("queue.sqlite");
    std::vector<Diagnostic> diagnostics_;
};

TEST_F(SqliteQueueTest, EverythingSurvivesTheProcess) {
    {
        auto queue = open();
        ASSERT_TRUE(queue->append({intake(0, 2'500)}).ok());
        const auto batch = queue->peek(10, 1'000'000);
        Settlement settlement;
        settlement.delivered = 10;
        ASSERT_TRUE(queue->settle(*batch, 10, settlement).ok());
    }
    auto queue = open();
    EXPECT_EQ(queue->ledger().accepted, 2'500u);
    EXPECT_EQ(queue->ledger().queued(), 2'490u);
    EXPECT_EQ(queue->state().mark_of(1).position, 2'500u);
    const auto batch = queue->peek(5'000, 1'000'000);
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(batch->records.size(), 2'490u);
    EXPECT_EQ(batch->records.front(), "event-10");
    EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(SqliteQueueTest, AFileThatIsNoDatabaseIsSetAsideNotDeleted) {
    std::ofstream(path_) << std::string(10'000, 'x');
    auto queue = open();
    ASSERT_TRUE(queue);
    ASSERT_EQ(diagnostics_.size(), 1u);
    EXPECT_EQ(diagnostics_[0].code, ErrorCode::corrupt);
    EXPECT_EQ(std::filesystem::file_size(path_ + ".corrupt-1"), 10'000u);
    ASSERT_TRUE(queue->append({intake(0, 1)}).ok());
    EXPECT_EQ(queue->ledger().queued(), 1u);
}

TEST_F(SqliteQueueTest, WhatCanStillBeReadOfADamagedFileIsSavedAndTheLedgerSaysWhatIsNot) {
    QueueState known;
    {
        auto queue = open();
        for (int i = 0; i < 400; ++i) ASSERT_TRUE(queue->append({intake(i * 100, 100)}).ok());
        known = queue->state();
    }
    const auto size = std::filesystem::file_size(path_);
    {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
        file << std::string(32'768, '\x5a');
    }
    auto replaced =
        replace_sqlite_queue(path_, 10'000'000, known, [this](const Diagnostic& d) { diagnostics_.push_back(d); });
    ASSERT_TRUE(replaced.ok());
    const auto& queue = *replaced;
    const Ledger& ledger = queue->ledger();
    EXPECT_EQ(ledger.accepted, 40'000u);
    EXPECT_GT(ledger.queued(), 0u);
    EXPECT_GT(ledger.dropped.at("corrupt"), 0u);
    const auto batch = queue->peek(100'000, 100'000'000);
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(batch->records.size(), ledger.queued());
    EXPECT_EQ(batch->records.front(), "event-0");
    EXPECT_EQ(diagnostics_.size(), 1u);
    EXPECT_EQ(queue->state().mark_of(1).position, 40'000u);
}

TEST_F(SqliteQueueTest, AFailedCommitChangesNothing) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 3)}).ok());
    auto other = sqlite::Database::open(path_, sqlite::Access::read_write);
    ASSERT_TRUE(other.ok());
    ASSERT_TRUE(
        other->execute("CREATE TRIGGER no_more BEFORE INSERT ON chunks BEGIN SELECT RAISE(ABORT, 'no'); END").ok());
    EXPECT_FALSE(queue->append({intake(3, 3)}).ok());
    EXPECT_EQ(queue->ledger().accepted, 3u);
    EXPECT_EQ(queue->state().mark_of(1).position, 3u);
    ASSERT_TRUE(other->execute("DROP TRIGGER no_more").ok());
    EXPECT_TRUE(queue->append({intake(3, 3)}).ok());
    EXPECT_EQ(queue->ledger().accepted, 6u);
}

}  // namespace
}  // namespace pulsekit
