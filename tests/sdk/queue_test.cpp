#include "src/queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "support/sqlite/database.hpp"
#include "tests/support/records.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using test::names;
using Names = std::vector<std::string>;

constexpr std::uint8_t kLow = 0;
constexpr std::uint8_t kNormal = 1;
constexpr std::uint8_t kHigh = 2;
constexpr std::uint64_t kMegabyte = 1024 * 1024;

/// Events and contexts as a ring gives them.
class Intakes {
public:
    explicit Intakes(std::uint64_t ring = 1, const std::string& user = "") {
        made_.ring = ring;
        context(user);
    }
    Intakes& context(const std::string& user) {
        made_.mark.context = test::context(user).encoded();
        made_.records += test::context_frame(user);
        return *this;
    }
    Intakes& event(const std::string& name, std::uint8_t priority = kNormal, const Properties& properties = {}) {
        made_.records += test::sized(test::record(name, 1, properties, priority));
        ++made_.count;
        return *this;
    }
    Intakes& at(std::uint64_t position) {
        made_.mark.position = position;
        return *this;
    }
    operator Intake() const { return made_; }  // NOLINT(google-explicit-constructor)

private:
    Intake made_;
};

Intake intake(int first, int count, std::uint64_t ring = 1, std::uint8_t priority = kNormal,
              const Properties& properties = {}) {
    Intakes made(ring);
    for (int i = first; i < first + count; ++i) made.event("event-" + std::to_string(i), priority, properties);
    return made.at(static_cast<std::uint64_t>(first + count));
}

Properties padding(std::size_t bytes) {
    Properties made;
    made.set("padding", std::string(bytes, 'x'));
    return made;
}

/// name@user of a batch's events.
Names names_and_users(const Batch& batch) {
    EventList list;
    for (const auto& chunk : batch.chunks) {
        if (!list.add(chunk.records, chunk.skip, chunk.count)) return {"damaged"};
    }
    Names found;
    for (const auto& event : list.events())
        found.push_back(std::string(event.name) + "@" + std::string(event.context->user_id));
    return found;
}

Settlement delivered(std::uint64_t count) {
    Settlement settlement;
    settlement.delivered = count;
    return settlement;
}

/// Delivers everything, in batches.
Names take_all(Queue& queue) {
    Names all;
    for (;;) {
        const auto batch = queue.peek(1'000, kMegabyte);
        EXPECT_TRUE(batch.ok());
        if (!batch.ok() || batch->empty()) return all;
        const Names some = names(*batch);
        EXPECT_EQ(some.size(), batch->count);
        all.insert(all.end(), some.begin(), some.end());
        EXPECT_TRUE(queue.settle(*batch, batch->count, delivered(batch->count)).ok());
    }
}

std::uint64_t dropped(const Queue& queue, const std::string& reason) {
    const auto found = queue.ledger().dropped.find(reason);
    return found == queue.ledger().dropped.end() ? 0 : found->second;
}

class QueueTest : public testing::TestWithParam<const char*> {
protected:
    bool in_memory() const { return std::string(GetParam()) == "memory"; }
    std::unique_ptr<Queue> open(std::uint64_t max_bytes = 8 * kMegabyte, Overflow overflow = Overflow::drop_oldest) {
        const QueueLimits limits{max_bytes, overflow};
        if (in_memory()) return open_memory_queue(limits);
        auto queue = open_sqlite_queue(path_, limits, [](const Diagnostic&) {});
        EXPECT_TRUE(queue.ok()) << queue.error().message;
        return std::move(*queue);
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("events.sqlite");
};

INSTANTIATE_TEST_SUITE_P(Both, QueueTest, testing::Values("memory", "sqlite"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(QueueTest, IsFirstInFirstOutAndSettledFromTheFront) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 3)}).ok());
    ASSERT_TRUE(queue->append({intake(3, 3)}).ok());
    auto batch = queue->peek(4, kMegabyte);
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(names(*batch), (Names{"event-0", "event-1", "event-2"}));  // no half chunk where a whole one makes do
    Settlement some = delivered(1);
    some.dropped["rejected"] = 1;
    ASSERT_TRUE(queue->settle(*batch, 2, some).ok());
    auto rest = queue->peek(100, kMegabyte);
    ASSERT_TRUE(rest.ok());
    EXPECT_EQ(names(*rest), (Names{"event-2", "event-3", "event-4", "event-5"}));
    EXPECT_EQ(queue->ledger().accepted, 6u);
    EXPECT_EQ(queue->ledger().delivered, 1u);
    EXPECT_EQ(dropped(*queue, "rejected"), 1u);
    EXPECT_EQ(queue->ledger().queued(), 4u);
}

TEST_P(QueueTest, WhatFollowsABatchUnderWayCanBeHadBeforeThatIsSettled) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 6)}).ok());
    ASSERT_TRUE(queue->append({intake(6, 2)}).ok());
    const auto first = queue->peek(4, kMegabyte);
    ASSERT_TRUE(first.ok());
    const auto second = queue->peek(100, kMegabyte, &*first);
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(names(*first), (Names{"event-0", "event-1", "event-2", "event-3"}));
    EXPECT_EQ(names(*second), (Names{"event-4", "event-5", "event-6", "event-7"}));
    ASSERT_TRUE(queue->settle(*first, 4, delivered(4)).ok());
    ASSERT_TRUE(queue->settle(*second, 3, delivered(3)).ok());
    EXPECT_EQ(take_all(*queue), (Names{"event-7"}));
    EXPECT_EQ(queue->ledger().delivered, 8u);
    EXPECT_EQ(queue->ledger().queued(), 0u);
}

TEST_P(QueueTest, NeitherOfTwoBatchesUnderWayIsDropped) {
    auto queue = open(kMegabyte);
    const auto fill = [&](int first) {
        ASSERT_TRUE(queue->append({intake(first, 1, 1, kNormal, padding(60'000))}).ok());
    };
    for (int i = 0; i < 3; ++i) fill(i);
    const auto first = queue->peek(1, kMegabyte);
    const auto second = queue->peek(1, kMegabyte, &*first);
    for (int i = 3; i < 40; ++i) fill(i);
    EXPECT_GT(dropped(*queue, "queue_full"), 0u);
    ASSERT_TRUE(queue->settle(*first, 1, delivered(1)).ok());
    for (int i = 40; i < 80; ++i) fill(i);
    ASSERT_TRUE(queue->settle(*second, 1, delivered(1)).ok());
    const Names rest = take_all(*queue);
    EXPECT_EQ(std::count(rest.begin(), rest.end(), "event-1"), 0);
    EXPECT_EQ(queue->ledger().delivered, 2 + rest.size());
    EXPECT_EQ(queue->ledger().delivered + dropped(*queue, "queue_full"), 80u);
}

TEST_P(QueueTest, ABatchIsBoundedInEventsAndBytesButNeverEmpty) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 2'000)}).ok());
    const auto some = queue->peek(300, kMegabyte);
    ASSERT_TRUE(some.ok());
    EXPECT_EQ(some->count, 300u);
    const auto tiny = queue->peek(100'000, 1);
    ASSERT_TRUE(tiny.ok());
    EXPECT_EQ(tiny->chunks.size(), 1u);
    EXPECT_GT(tiny->count, 0u);
    const auto all = queue->peek(100'000, 100 * kMegabyte);
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->count, 2'000u);
    EXPECT_GT(all->chunks.size(), 1u);
}

TEST_P(QueueTest, PartOfAChunkIsSettledAsOftenAsItTakes) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 100)}).ok());
    for (int i = 0; i < 100; i += 7) {
        const auto batch = queue->peek(10, kMegabyte);
        ASSERT_TRUE(batch.ok());
        ASSERT_EQ(names(*batch).front(), "event-" + std::to_string(i));
        const auto count = std::min<std::size_t>(7, batch->count);
        ASSERT_TRUE(queue->settle(*batch, count, delivered(count)).ok());
    }
    EXPECT_EQ(queue->ledger().delivered, 100u);
    EXPECT_EQ(queue->ledger().queued(), 0u);
}

TEST_P(QueueTest, NothingSettledLeavesEverything) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 3)}).ok());
    const auto batch = queue->peek(10, kMegabyte);
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE(queue->settle(*batch, 0, {}).ok());
    EXPECT_EQ(take_all(*queue), (Names{"event-0", "event-1", "event-2"}));
}

TEST_P(QueueTest, HigherPrioritiesGoFirst) {
    auto queue = open();
    ASSERT_TRUE(queue->append({Intakes().event("low-1", kLow).event("normal-1").event("high-1", kHigh)}).ok());
    ASSERT_TRUE(queue->append({Intakes(2).event("high-2", kHigh).event("low-2", kLow).event("normal-2")}).ok());
    EXPECT_EQ(take_all(*queue), (Names{"high-1", "high-2", "normal-1", "normal-2", "low-1", "low-2"}));
}

TEST_P(QueueTest, WhatArrivesDuringARequestOfHigherPriorityDoesNotDisturbIt) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 3)}).ok());
    const auto batch = queue->peek(10, kMegabyte);
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE(queue->append({Intakes(2).event("high", kHigh)}).ok());
    ASSERT_TRUE(queue->settle(*batch, 3, delivered(3)).ok());
    EXPECT_EQ(take_all(*queue), (Names{"high"}));
}

TEST_P(QueueTest, AnUnknownPriorityIsNormal) {
    auto queue = open();
    ASSERT_TRUE(queue->append({Intakes().event("odd", 3).event("high", kHigh)}).ok());
    EXPECT_EQ(take_all(*queue), (Names{"high", "odd"}));
}

TEST_P(QueueTest, EventsKeepTheirContextsWhenPrioritiesMix) {
    auto queue = open();
    Intakes made(1, "ann");
    made.event("a", kLow).event("b", kHigh).context("bob").event("c", kHigh).event("d", kLow).context("cid");
    made.context("dan").event("e").event("f", kHigh).event("g", kLow);
    ASSERT_TRUE(queue->append({made}).ok());
    const auto batch = queue->peek(100, kMegabyte);
    ASSERT_TRUE(batch.ok());
    EXPECT_EQ(names_and_users(*batch), (Names{"b@ann", "c@bob", "f@dan", "e@dan", "a@ann", "d@bob", "g@dan"}));
}

TEST_P(QueueTest, EveryChunkOfALongIntakeHasItsContext) {
    auto queue = open();
    Intakes made(1, "ann");
    Names expected;
    for (int i = 0; i < 5'000; ++i) {
        if (i == 3'333) made.context("bob");
        made.event(std::to_string(i));
        expected.push_back(std::to_string(i) + (i < 3'333 ? "@ann" : "@bob"));
    }
    ASSERT_TRUE(queue->append({made}).ok());
    Names found;
    for (;;) {
        const auto batch = queue->peek(700, kMegabyte);
        ASSERT_TRUE(batch.ok());
        if (batch->empty()) break;
        const Names some = names_and_users(*batch);
        found.insert(found.end(), some.begin(), some.end());
        ASSERT_TRUE(queue->settle(*batch, batch->count, delivered(batch->count)).ok());
    }
    EXPECT_EQ(found, expected);
}

TEST_P(QueueTest, RecordsThatDoNotAddUpAreRefusedAndChangeNothing) {
    auto queue = open();
    Intake torn = intake(0, 3);
    torn.records.pop_back();
    EXPECT_FALSE(queue->append({torn}).ok());
    EXPECT_EQ(queue->ledger().accepted, 0u);
    EXPECT_EQ(queue->state().mark_of(1).position, 0u);
}

TEST_P(QueueTest, TheOldestIsDroppedButNotUnderTheUploader) {
    auto queue = open(kMegabyte, Overflow::drop_oldest);
    const Properties big = padding(2'000);
    ASSERT_TRUE(queue->append({intake(0, 5, 1, kNormal, big)}).ok());
    const auto batch = queue->peek(5, kMegabyte);
    ASSERT_TRUE(batch.ok());
    for (int i = 5; i < 1'000; ++i) ASSERT_TRUE(queue->append({intake(i, 1, 1, kNormal, big)}).ok());
    EXPECT_GT(dropped(*queue, "queue_full"), 500u);
    ASSERT_TRUE(queue->settle(*batch, 5, delivered(5)).ok());
    EXPECT_EQ(queue->ledger().delivered, 5u);
    const auto queued = queue->ledger().queued();
    const Names rest = take_all(*queue);
    ASSERT_GT(rest.size(), 50u);
    EXPECT_EQ(rest.back(), "event-999");
    EXPECT_EQ(rest.front(), "event-" + std::to_string(1'000 - rest.size()));
    EXPECT_EQ(rest.size(), queued);
    EXPECT_EQ(queue->ledger().accepted, 1'000u);
}

TEST_P(QueueTest, TheNewestIsDropped) {
    auto queue = open(kMegabyte, Overflow::drop_newest);
    const Properties big = padding(2'000);
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(queue->append({intake(i, 1, 1, kHigh, big)}).ok());
    EXPECT_EQ(queue->ledger().accepted, 1'000u);
    EXPECT_GT(dropped(*queue, "queue_full"), 500u);
    EXPECT_EQ(queue->state().mark_of(1).position, 1'000u);
    const auto queued = queue->ledger().queued();
    const Names rest = take_all(*queue);
    ASSERT_EQ(rest.size(), queued);
    EXPECT_EQ(rest.front(), "event-0");
    EXPECT_EQ(rest.back(), "event-" + std::to_string(rest.size() - 1));
    ASSERT_TRUE(queue->append({intake(1'000, 1)}).ok());
    EXPECT_EQ(take_all(*queue), (Names{"event-1000"}));
}

TEST_P(QueueTest, TheLowestPriorityIsDroppedFirstAndNeverForALowerOne) {
    auto queue = open(kMegabyte, Overflow::by_priority);
    const Properties big = padding(2'000);
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(queue->append({intake(i, 1, 1, kLow, big)}).ok());
    for (int i = 100; i < 140; ++i) ASSERT_TRUE(queue->append({intake(i, 1, 1, kNormal, big)}).ok());
    EXPECT_EQ(dropped(*queue, "queue_full"), 0u);
    for (int i = 1'000; i < 2'000; ++i) ASSERT_TRUE(queue->append({intake(i, 1, 1, kHigh, big)}).ok());
    const auto full = queue->ledger().queued();
    for (int i = 3'000; i < 3'050; ++i) ASSERT_TRUE(queue->append({intake(i, 1, 1, kNormal, big)}).ok());
    Names rest = take_all(*queue);
    while (rest.size() > full) rest.pop_back();  // what found room as it was: high ones do not make any
    EXPECT_EQ(rest.size(), full);
    EXPECT_EQ(rest.back(), "event-1999");  // no low, no normal one is left; of the high ones the oldest went
    EXPECT_EQ(rest.front(), "event-" + std::to_string(2'000 - rest.size()));
}

TEST_P(QueueTest, WhatTheRingSaysIsAcceptedAndDropped) {
    auto queue = open();
    Intake first = intake(0, 2);
    first.mark.overflowed = 3;
    first.mark.sampled = 10;
    ASSERT_TRUE(queue->append({first}).ok());
    Intake second = intake(2, 1);
    second.mark.overflowed = 4;
    second.mark.sampled = 10;
    second.dropped["before_send"] = 2;
    ASSERT_TRUE(queue->append({second}).ok());
    EXPECT_EQ(queue->ledger().accepted, 3u + 4u + 10u + 2u);
    EXPECT_EQ(dropped(*queue, "journal_full"), 4u);
    EXPECT_EQ(dropped(*queue, "sampled"), 10u);
    EXPECT_EQ(dropped(*queue, "before_send"), 2u);
    EXPECT_EQ(queue->ledger().queued(), 3u);
    EXPECT_EQ(queue->state().mark_of(1).position, 3u);
    EXPECT_EQ(queue->state().mark_of(1).overflowed, 4u);
    EXPECT_EQ(queue->state().mark_of(1).context, test::context().encoded());
    ASSERT_TRUE(queue->forget_ring(1).ok());
    EXPECT_EQ(queue->state().mark_of(1).position, 0u);
}

TEST_P(QueueTest, AReportIsWhatTheLedgerWasWhenItBegan) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 4)}).ok());
    ASSERT_TRUE(queue->begin_report("first").ok());
    ASSERT_TRUE(queue->append({intake(4, 2)}).ok());
    auto batch = queue->peek(100, kMegabyte);
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE(queue->settle(*batch, 3, delivered(3)).ok());
    EXPECT_EQ(queue->state().reports, Names{"first"});
    EXPECT_EQ(queue->state().reported.accepted, 4u);
    batch = queue->peek(100, kMegabyte);
    ASSERT_TRUE(batch.ok());
    Settlement last = delivered(3);
    last.reports = 1;
    ASSERT_TRUE(queue->settle(*batch, 3, last).ok());
    EXPECT_TRUE(queue->state().reports.empty());
    EXPECT_EQ(queue->state().reported.accepted, 4u);
    EXPECT_EQ(queue->state().reported.delivered, 0u);
    EXPECT_EQ(queue->ledger().delivered, 6u);
}

TEST_P(QueueTest, AReportAloneIsSettledWithoutEvents) {
    auto queue = open();
    Intake only = intake(0, 0);
    only.dropped["before_send"] = 2;
    ASSERT_TRUE(queue->append({only}).ok());
    ASSERT_TRUE(queue->begin_report("report").ok());
    Settlement settlement;
    settlement.reports = 1;
    ASSERT_TRUE(queue->settle({}, 0, settlement).ok());
    EXPECT_EQ(queue->state().reported.accepted, 2u);
    EXPECT_EQ(queue->state().reported.dropped, queue->ledger().dropped);
}

TEST_P(QueueTest, ErasingDropsEverythingAndTheQueueGoesOn) {
    auto queue = open();
    ASSERT_TRUE(queue->append({intake(0, 3'000)}).ok());
    const auto batch = queue->peek(10, kMegabyte);
    ASSERT_TRUE(batch.ok());
    ASSERT_TRUE(queue->settle(*batch, 10, delivered(10)).ok());
    ASSERT_TRUE(queue->erase_all("consent").ok());
    EXPECT_EQ(queue->ledger().queued(), 0u);
    EXPECT_EQ(dropped(*queue, "consent"), 2'990u);
    EXPECT_EQ(queue->ledger().delivered, 10u);
    ASSERT_TRUE(queue->erase_all("consent").ok());
    EXPECT_EQ(dropped(*queue, "consent"), 2'990u);
    ASSERT_TRUE(queue->append({intake(3'000, 2)}).ok());
    EXPECT_EQ(take_all(*queue), (Names{"event-3000", "event-3001"}));
}

// Random appends and settlements against plain lists; the ledger must hold after each step.
TEST_P(QueueTest, TheLedgerIsExactAtEveryMoment) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::SeededRandom random(seed);
    auto queue = open();
    std::array<Names, kPriorities> expected;
    int next = 0;
    std::uint64_t settled = 0;
    for (int round = 0; round < 300; ++round) {
        const int what = random.below(20);
        if (what == 0 && !in_memory()) {
            queue.reset();
            queue = open();
        } else if (what < 10) {
            const int user = random.below(3);
            Intakes made(1, std::to_string(user));
            const int count = random.below(6);
            for (int i = 0; i < count; ++i) {
                const auto priority = static_cast<std::uint8_t>(random.below(kPriorities));
                const std::string name = std::to_string(next++);
                made.event(name, priority);
                expected[priority].push_back(name + "@" + std::to_string(user));
            }
            ASSERT_TRUE(queue->append({made}).ok());
        } else {
            const auto batch = queue->peek(static_cast<std::size_t>(1 + random.below(7)),
                                           static_cast<std::size_t>(1 + random.below(1'000)));
            ASSERT_TRUE(batch.ok());
            Names all;
            for (int p = kPriorities - 1; p >= 0; --p) {
                const auto& list = expected[static_cast<std::size_t>(p)];
                all.insert(all.end(), list.begin(), list.end());
            }
            ASSERT_EQ(batch->empty(), all.empty());
            all.resize(batch->count);
            ASSERT_EQ(names_and_users(*batch), all);
            const std::size_t count = random.next() % (batch->count + 1);
            ASSERT_TRUE(queue->settle(*batch, count, delivered(count)).ok());
            settled += count;
            std::size_t left = count;
            for (int p = kPriorities - 1; p >= 0; --p) {
                auto& list = expected[static_cast<std::size_t>(p)];
                const std::size_t gone = std::min(left, list.size());
                list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(gone));
                left -= gone;
            }
        }
        ASSERT_EQ(queue->ledger().queued(), expected[0].size() + expected[1].size() + expected[2].size());
        ASSERT_EQ(queue->ledger().accepted, static_cast<std::uint64_t>(next));
        ASSERT_EQ(queue->ledger().delivered, settled);
    }
}

// The same where the queue is too small, with each Overflow: what the ledger says is queued is what can be had.
TEST_P(QueueTest, TheLedgerIsExactWhenTheQueueOverflows) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::SeededRandom random(seed);
    for (const Overflow overflow : {Overflow::drop_oldest, Overflow::drop_newest, Overflow::by_priority}) {
        std::filesystem::remove(path_);
        auto queue = open(kMegabyte, overflow);
        std::uint64_t accepted = 0;
        for (int round = 0; round < 150; ++round) {
            Intakes made;
            const int count = random.below(200);
            for (int i = 0; i < count; ++i) {
                made.event("event", static_cast<std::uint8_t>(random.below(kPriorities)),
                           padding(static_cast<std::size_t>(random.below(500))));
            }
            accepted += static_cast<std::uint64_t>(count);
            const auto batch = queue->peek(100, kMegabyte);
            ASSERT_TRUE(batch.ok());
            ASSERT_TRUE(queue->append({made}).ok());
            const std::size_t settled = random.next() % (batch->count + 1);
            if (round % 3 == 0) { ASSERT_TRUE(queue->settle(*batch, settled, delivered(settled)).ok()); }
            ASSERT_EQ(queue->ledger().accepted, accepted);
        }
        EXPECT_GT(dropped(*queue, "queue_full"), 0u);
        const auto queued = queue->ledger().queued();
        EXPECT_EQ(take_all(*queue).size(), queued);
        EXPECT_EQ(queue->ledger().queued(), 0u);
        queue.reset();
    }
}

class SqliteQueueTest : public testing::Test {
protected:
    std::unique_ptr<Queue> open(const QueueLimits& limits = {}) {
        auto queue = open_sqlite_queue(path_, limits, [this](const Diagnostic& d) { diagnostics_.push_back(d); });
        EXPECT_TRUE(queue.ok()) << queue.error().message;
        return queue.ok() ? std::move(*queue) : nullptr;
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("events.sqlite");
    std::vector<Diagnostic> diagnostics_;
};

TEST_F(SqliteQueueTest, EverythingSurvivesTheProcess) {
    {
        auto queue = open();
        ASSERT_TRUE(queue->append({intake(0, 2'500)}).ok());
        const auto batch = queue->peek(10, kMegabyte);
        ASSERT_TRUE(queue->settle(*batch, 10, delivered(10)).ok());
    }
    auto queue = open();
    EXPECT_EQ(queue->ledger().accepted, 2'500u);
    EXPECT_EQ(queue->ledger().queued(), 2'490u);
    EXPECT_EQ(queue->state().mark_of(1).position, 2'500u);
    EXPECT_EQ(queue->state().mark_of(1).context, test::context().encoded());
    const Names rest = take_all(*queue);
    EXPECT_EQ(rest.size(), 2'490u);
    EXPECT_EQ(rest.front(), "event-10");
    EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(SqliteQueueTest, ReportsSurviveTheProcess) {
    {
        auto queue = open();
        ASSERT_TRUE(queue->append({intake(0, 4)}).ok());
        ASSERT_TRUE(queue->begin_report("first").ok());
        ASSERT_TRUE(queue->append({intake(4, 1)}).ok());
    }
    {
        auto queue = open();
        EXPECT_EQ(queue->state().reports, Names{"first"});
        EXPECT_EQ(queue->state().reported.accepted, 4u);
        const auto batch = queue->peek(2, kMegabyte);
        Settlement settlement = delivered(1);
        settlement.dropped["rejected"] = 1;
        settlement.reports = 1;
        ASSERT_TRUE(queue->settle(*batch, 2, settlement).ok());
        ASSERT_TRUE(queue->begin_report("second").ok());
    }
    {
        auto queue = open();
        EXPECT_EQ(queue->state().reports, Names{"second"});
        EXPECT_EQ(queue->state().reported.accepted, 5u);
        EXPECT_EQ(queue->state().reported.dropped.at("rejected"), 1u);
        Settlement settlement;
        settlement.reports = 1;
        ASSERT_TRUE(queue->settle({}, 0, settlement).ok());
    }
    auto queue = open();
    EXPECT_TRUE(queue->state().reports.empty());
    EXPECT_EQ(queue->state().reported.accepted, 5u);
    EXPECT_EQ(queue->state().reported.delivered, 1u);
    EXPECT_EQ(queue->state().reported.dropped, queue->ledger().dropped);
}

TEST_F(SqliteQueueTest, AReportUnderWayInAFileOfTheFirstFormGoesOn) {
    ASSERT_TRUE(open()->append({intake(0, 4)}).ok());
    {
        auto database = sqlite::Database::open(path_, sqlite::Access::read_write);
        ASSERT_TRUE(database.ok());
        ASSERT_TRUE(database
                        ->execute("DROP TABLE reports; DELETE FROM schema_migrations WHERE number = 2;"
                                  "CREATE TABLE report (id INTEGER PRIMARY KEY CHECK (id = 1), event BLOB NOT NULL);"
                                  "INSERT INTO report VALUES (1, 'under way');"
                                  "INSERT INTO ledger VALUES ('reported.accepted', 1), ('pending.accepted', 3),"
                                  " ('pending.dropped.rejected', 2)")
                        .ok());
    }
    auto queue = open();
    ASSERT_TRUE(queue);
    EXPECT_EQ(queue->state().reports, Names{"under way"});
    EXPECT_EQ(queue->state().reported.accepted, 3u);
    EXPECT_EQ(queue->state().reported.dropped.at("rejected"), 2u);
    EXPECT_EQ(queue->ledger().accepted, 4u);
    EXPECT_TRUE(queue->ledger().dropped.empty());
}

// The cap is bytes of the file, whatever the shape of what was queued.
TEST_F(SqliteQueueTest, TheFileNeverOutgrowsItsCap) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::SeededRandom random(seed);
    for (const Overflow overflow : {Overflow::drop_oldest, Overflow::drop_newest, Overflow::by_priority}) {
        for (const int most : {1, 40, 3'000}) {  // events an append
            for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
            const QueueLimits limits{2 * kMegabyte, overflow};
            auto queue = open(limits);
            const int appends = most == 1 ? 5'000 : 60'000 / most;
            for (int i = 0; i < appends; ++i) {
                Intakes made(static_cast<std::uint64_t>(1 + i % 3));
                const int count = 1 + random.below(most);
                for (int n = 0; n < count; ++n) {
                    made.event("event", static_cast<std::uint8_t>(random.below(kPriorities)),
                               padding(static_cast<std::size_t>(random.below(most == 1 ? 3'000 : 300))));
                }
                ASSERT_TRUE(queue->append({made}).ok());
                if (i % 50 == 0) {
                    const auto batch = queue->peek(1'000, kMegabyte);
                    ASSERT_TRUE(batch.ok());
                    const auto some =
                        std::min<std::size_t>(batch->count, random.next() % (10 * static_cast<unsigned>(most)));
                    ASSERT_TRUE(queue->settle(*batch, some, delivered(some)).ok());
                }
                ASSERT_LE(std::filesystem::file_size(path_), limits.max_bytes);
            }
            EXPECT_GT(dropped(*queue, "queue_full"), 0u) << most;
            queue.reset();  // the write-ahead log goes into the file
            ASSERT_LE(std::filesystem::file_size(path_), limits.max_bytes);
            EXPECT_GE(std::filesystem::file_size(path_), limits.max_bytes / 2);
        }
    }
}

// Each in a transaction of its own, as an application makes them that tracks something now and then.
TEST_F(SqliteQueueTest, SingleSmallEventsDoNotWasteTheCap) {
    auto queue = open({4 * kMegabyte, Overflow::drop_oldest});
    for (int i = 0; i < 8'000; ++i) ASSERT_TRUE(queue->append({intake(i, 1)}).ok());
    EXPECT_EQ(queue->ledger().queued(), 8'000u);
}

TEST_F(SqliteQueueTest, WhatIsErasedIsNowhereInTheFiles) {
    const std::string secret = "not-for-anybody";
    auto queue = open();
    for (int i = 0; i < 20; ++i) {
        Properties properties;
        properties.set("secret", secret);
        ASSERT_TRUE(queue->append({intake(i * 100, 100, 1, kNormal, properties)}).ok());
    }
    ASSERT_TRUE(queue->erase_all("consent").ok());
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(file)), {});
        EXPECT_EQ(bytes.find(secret), std::string::npos) << entry.path();
    }
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
    const std::string report = test::context_frame() + test::sized(test::record("report"));
    {
        auto queue = open();
        for (int i = 0; i < 400; ++i) {
            const auto priority = static_cast<std::uint8_t>(i % kPriorities);
            ASSERT_TRUE(queue->append({intake(i * 100, 100, 1, priority)}).ok());
        }
        // Part of a chunk: what is settled must not be saved.
        const auto batch = queue->peek(30, kMegabyte);
        ASSERT_TRUE(queue->begin_report(report).ok());
        ASSERT_TRUE(queue->settle(*batch, 30, delivered(30)).ok());
        known = queue->state();
    }
    const auto size = std::filesystem::file_size(path_);
    {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
        file << std::string(65'536, '\x5a');
    }
    auto replaced = replace_sqlite_queue(path_, {}, known, [this](const Diagnostic& d) { diagnostics_.push_back(d); });
    ASSERT_TRUE(replaced.ok());
    Queue& queue = **replaced;
    EXPECT_EQ(queue.ledger().accepted, 40'000u);
    EXPECT_EQ(queue.ledger().delivered, 30u);
    // What was reported must not be reported again.
    EXPECT_EQ(queue.state().reported.accepted, 40'000u);
    EXPECT_EQ(queue.state().reported.delivered, 0u);
    EXPECT_EQ(queue.state().reports, Names{report});
    const auto queued = queue.ledger().queued();
    EXPECT_GT(queued, 0u);
    EXPECT_GT(dropped(queue, "corrupt"), 0u);
    EXPECT_EQ(diagnostics_.size(), 1u);
    EXPECT_EQ(queue.state().mark_of(1).position, 40'000u);
    const Names saved = take_all(queue);
    EXPECT_EQ(saved.size(), queued);
    EXPECT_EQ(saved.front(), "event-230");  // the first chunk of high priority, without what was settled
    EXPECT_EQ(std::adjacent_find(saved.begin(), saved.end()), saved.end());
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
    EXPECT_EQ(take_all(*queue).size(), 6u);
}

}  // namespace
}  // namespace pulsekit
