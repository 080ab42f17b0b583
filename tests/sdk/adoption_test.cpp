// What dead processes left in the storage folder is delivered by a living one.
#include <gtest/gtest.h>

#include <pulsekit/client.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "src/queue.hpp"
#include "src/recovery.hpp"
#include "src/ring.hpp"
#include "src/storage.hpp"
#include "support/sqlite/database.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/records.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

Intake intake(const Names& names, const std::string& user, std::uint8_t priority = kNormalPriority) {
    Intake made;
    made.ring = 7;
    made.records = test::context_frame(user);
    for (const auto& name : names) made.records += test::sized(test::record(name, 1, {}, priority));
    made.count = static_cast<std::uint32_t>(names.size());
    return made;
}

/// As the uploader makes them.
std::string report(const std::string& name) { return test::context_frame() + test::sized(test::record(name)); }

class AdoptionTest : public testing::Test {
protected:
    std::string folder(int n) { return folder_.path().string() + "/" + std::to_string(n); }
    std::string queue_of(int n) { return folder(n) + "/events.sqlite"; }

    std::unique_ptr<Queue> open(int n, const QueueLimits& limits = {}) {
        fs::create_directories(folder(n) + "/journal");
        auto queue = open_sqlite_queue(queue_of(n), limits, diagnose_);
        EXPECT_TRUE(queue.ok()) << queue.error().message;
        return std::move(*queue);
    }
    /// A process of its own was here, and told the collector about part of it.
    void leave(int n, const std::string& user) {
        auto queue = open(n);
        Intake made = intake({"a", "b", "c"}, user);
        made.dropped["before_send"] = 2;
        ASSERT_TRUE(queue->append({made, intake({"urgent"}, user, 2)}).ok());
        ASSERT_TRUE(queue->begin_report(report("told")).ok());
        const auto batch = queue->peek(100, 1'000'000);
        ASSERT_TRUE(batch.ok());
        Settlement settlement;
        settlement.delivered = 2;
        settlement.reports = 1;
        ASSERT_TRUE(queue->settle(*batch, 2, settlement).ok());
        ASSERT_TRUE(queue->begin_report(report("not told")).ok());
    }
    void write_ring(int n, const Names& names, const std::string& user, std::uint64_t id) {
        fs::create_directories(folder(n) + "/journal");
        auto ring = Ring::create(folder(n) + "/journal/" + std::to_string(id) + ".ring", 256 * 1024, id);
        ASSERT_TRUE(ring.ok());
        const auto put = [&](const std::string& bytes, bool is_event) {
            const auto size = static_cast<std::uint32_t>(bytes.size());
            char* room = (*ring)->reserve(size);
            ASSERT_TRUE(room);
            std::copy(bytes.begin(), bytes.end(), room);
            (*ring)->commit(size, is_event);
        };
        put(test::context(user).encoded(), false);
        for (const auto& name : names) put(test::record(name), true);
        (*ring)->count_overflow();
    }
    /// name@user of all that is queued, sorted.
    static Names queued(Queue& queue) {
        const auto batch = queue.peek(100'000, 100'000'000);
        EventList list;
        for (const auto& chunk : batch->chunks) EXPECT_TRUE(list.add(chunk.records, chunk.skip, chunk.count));
        Names found;
        for (const auto& event : list.events())
            found.push_back(std::string(event.name) + "@" + std::string(event.context->user_id));
        std::sort(found.begin(), found.end());
        return found;
    }

    test::TemporaryFolder folder_;
    std::vector<Diagnostic> diagnostics_;
    std::function<void(Diagnostic)> diagnose_ = [this](const Diagnostic& d) { diagnostics_.push_back(d); };
};

TEST_F(AdoptionTest, EventsContextsAndLedgerAreTakenOver) {
    leave(1, "ann");
    auto queue = open(0);
    ASSERT_TRUE(queue->append({intake({"mine"}, "bob")}).ok());
    ASSERT_TRUE(queue->begin_report(report("pending")).ok());
    ASSERT_TRUE(queue->adopt_from(queue_of(1), diagnose_).ok());
    EXPECT_EQ(queued(*queue), (Names{"b@ann", "c@ann", "mine@bob"}));
    for (int reopened = 0; reopened < 2; ++reopened) {
        EXPECT_EQ(queue->ledger().accepted, 7u);
        EXPECT_EQ(queue->ledger().delivered, 2u);
        EXPECT_EQ(queue->ledger().dropped.at("before_send"), 2u);
        EXPECT_EQ(queue->ledger().queued(), 3u);
        // The other's report may have arrived: it goes on as it is, and nothing of it is told in another.
        EXPECT_EQ(queue->state().reports, (Names{report("pending"), report("not told")}));
        EXPECT_EQ(queue->state().reported.accepted, 7u);
        EXPECT_EQ(queue->state().reported.delivered, 2u);
        queue.reset();
        queue = open(0);
    }
    Settlement told;
    told.reports = 1;
    ASSERT_TRUE(queue->settle({}, 0, told).ok());
    EXPECT_EQ(queue->state().reports, Names{report("not told")});
    EXPECT_EQ(queue->state().reported.accepted, 7u);
    EXPECT_FALSE(fs::exists(queue_of(1)));
    EXPECT_FALSE(fs::exists(queue_of(1) + "-wal"));
    EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(AdoptionTest, ALedgerWithoutEventsIsTakenOver) {
    {
        auto other = open(1);
        Intake made = intake({}, "ann");
        made.dropped["before_send"] = 3;
        ASSERT_TRUE(other->append({made}).ok());
    }
    auto queue = open(0);
    ASSERT_TRUE(queue->adopt_from(queue_of(1), diagnose_).ok());
    EXPECT_EQ(queue->ledger().accepted, 3u);
    EXPECT_EQ(queue->ledger().queued(), 0u);
}

TEST_F(AdoptionTest, ACrashBeforeTheDeletionTakesNothingOverTwice) {
    leave(1, "ann");
    const auto keep = folder_.file("kept");
    fs::copy_file(queue_of(1), keep);
    {
        auto queue = open(0);
        ASSERT_TRUE(queue->adopt_from(queue_of(1), diagnose_).ok());
        fs::copy_file(keep, queue_of(1));
    }
    for (int again = 0; again < 2; ++again) {
        auto queue = open(0);
        ASSERT_TRUE(queue->adopt_from(queue_of(1), diagnose_).ok());
        EXPECT_FALSE(fs::exists(queue_of(1)));
        EXPECT_EQ(queued(*queue), (Names{"b@ann", "c@ann"}));
        EXPECT_EQ(queue->ledger().accepted, 6u);
        fs::copy_file(keep, queue_of(1));
    }
    // Not even when our file had to be replaced in between.
    auto known = open(0)->state();
    auto queue = replace_sqlite_queue(queue_of(0), {}, known, diagnose_);
    ASSERT_TRUE(queue.ok());
    ASSERT_TRUE((*queue)->adopt_from(queue_of(1), diagnose_).ok());
    EXPECT_EQ(queued(**queue), (Names{"b@ann", "c@ann"}));
}

TEST_F(AdoptionTest, AFailureInBetweenChangesNeitherQueue) {
    leave(1, "ann");
    auto queue = open(0);
    {
        auto other = sqlite::Database::open(queue_of(0), sqlite::Access::read_write);
        ASSERT_TRUE(other->execute("CREATE TRIGGER no BEFORE INSERT ON adopted BEGIN SELECT RAISE(ABORT, 'no'); END"));
        EXPECT_FALSE(queue->adopt_from(queue_of(1), diagnose_).ok());
        EXPECT_EQ(queue->ledger().accepted, 0u);
        EXPECT_TRUE(fs::exists(queue_of(1)));
        ASSERT_TRUE(other->execute("DROP TRIGGER no"));
    }
    ASSERT_TRUE(queue->adopt_from(queue_of(1), diagnose_).ok());
    EXPECT_EQ(queued(*queue), (Names{"b@ann", "c@ann"}));
}

TEST_F(AdoptionTest, WhatDoesNotFitIsDroppedAndCounted) {
    for (int n = 1; n < 4; ++n) {
        auto other = open(n);
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(other->append({intake(Names(900, "event"), "ann")}).ok());
    }
    const QueueLimits limits{1'500'000, Overflow::drop_oldest};
    auto queue = open(0, limits);
    for (int n = 1; n < 4; ++n) ASSERT_TRUE(queue->adopt_from(queue_of(n), diagnose_).ok());
    EXPECT_EQ(queue->ledger().accepted, 3u * 18'000u);
    EXPECT_GT(queue->ledger().dropped.at("queue_full"), 0u);
    EXPECT_EQ(queued(*queue).size(), queue->ledger().queued());
    queue.reset();
    EXPECT_LE(fs::file_size(queue_of(0)), limits.max_bytes);
}

TEST_F(AdoptionTest, OfADamagedQueueWhatCanBeReadIsTakenOver) {
    {
        auto other = open(1);
        for (int i = 0; i < 50; ++i) ASSERT_TRUE(other->append({intake(Names(100, "event"), "ann")}).ok());
    }
    {
        std::fstream file(queue_of(1), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(fs::file_size(queue_of(1)) / 2 / 4096 * 4096));
        file << std::string(65'536, '\x5a');
    }
    auto queue = open(0);
    const auto adopted = queue->adopt_from(queue_of(1), diagnose_);
    ASSERT_TRUE(adopted.ok()) << adopted.error().message;
    EXPECT_EQ(diagnostics_.size(), 1u);
    EXPECT_EQ(queue->ledger().accepted, 5'000u);
    EXPECT_GT(queue->ledger().dropped.at("corrupt"), 0u);
    EXPECT_GT(queue->ledger().queued(), 0u);
    EXPECT_EQ(queued(*queue).size(), queue->ledger().queued());
}

TEST_F(AdoptionTest, RingsOfAnotherFolderAreRecoveredOnceByWayOfItsQueue) {
    leave(1, "ann");
    write_ring(1, {"in-ring-1", "in-ring-2"}, "cid", 99);
    test::SeededRandom random(1);
    auto storage = Storage::open(folder_.path().string(), random);
    ASSERT_TRUE(storage.ok());
    ASSERT_TRUE(storage->is_first());
    auto queue = open(0);
    const Options options;
    const Recovery recovery{options, test::context().encoded(), diagnose_};
    for (const auto& other : storage->abandoned())
        ASSERT_TRUE(recovery.adopt(other, *queue, storage->taken_path()).ok());
    EXPECT_EQ(queued(*queue), (Names{"b@ann", "c@ann", "in-ring-1@cid", "in-ring-2@cid"}));
    EXPECT_EQ(queue->ledger().dropped.at("journal_full"), 1u);
    EXPECT_TRUE(storage->abandoned().empty());
    EXPECT_TRUE(fs::exists(folder(1) + "/lock"));
    EXPECT_TRUE(queue->state().rings.empty());
}

// The one that takes over dies when it has all but not deleted the other queue; the folder finds a new holder, who dies
// as well.
TEST_F(AdoptionTest, WhatANewHolderOfATakenFolderLeavesIsNotTakenForKnown) {
#if defined(_WIN32)
    GTEST_SKIP() << "the deletion is made to fail by a means of POSIX";
#endif
    leave(1, "ann");
    test::SeededRandom random(1);
    auto storage = Storage::open(folder_.path().string(), random);
    ASSERT_TRUE(storage.ok());
    const Options options;
    const Recovery recovery{options, test::context().encoded(), diagnose_};
    const std::string taken = storage->taken_path();
    Names once;
    {
        auto queue = open(0);
        for (const auto& other : storage->abandoned()) {
            // The deletion fails, as when the process dies before it.
            fs::create_directories(taken + "-shm/full");
            EXPECT_FALSE(recovery.adopt(other, *queue, taken).ok());
            fs::remove_all(taken + "-shm");
        }
        once = queued(*queue);
        EXPECT_FALSE(once.empty());
    }
    EXPECT_FALSE(fs::exists(queue_of(1))) << "a new holder would find what is taken over";
    leave(1, "bob");
    auto queue = open(0);
    ASSERT_TRUE(recovery.finish_adoption(*queue, taken).ok());
    EXPECT_EQ(queued(*queue), once);
    for (const auto& other : storage->abandoned()) ASSERT_TRUE(recovery.adopt(other, *queue, taken).ok());
    const Names all = queued(*queue);
    EXPECT_GT(all.size(), once.size());
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const std::string& n) { return n.find("@bob") != n.npos; }),
              static_cast<std::ptrdiff_t>(all.size() - once.size()));
    EXPECT_EQ(queue->ledger().queued(), all.size());
}

TEST_F(AdoptionTest, OfARingThatCouldNotBeDeletedNothingCountsTwice) {
    const Options options;
    const Recovery recovery{options, test::context().encoded(), diagnose_};
    auto queue = open(0);
    for (int again = 0; again < 2; ++again) {
        write_ring(0, {"in-ring"}, "ann", 5);  // after the first time: as if the process had died before the deletion
        const std::string path = folder(0) + "/journal/5.ring";
        {
            auto other = sqlite::Database::open(queue_of(0), sqlite::Access::read_write);
            ASSERT_TRUE(
                other->execute("CREATE TRIGGER IF NOT EXISTS no BEFORE DELETE ON rings BEGIN "
                               "SELECT RAISE(ABORT, 'no'); END"));
        }
        ASSERT_TRUE(recovery.recover_ring(path, *queue).ok());
        EXPECT_FALSE(fs::exists(path));
        EXPECT_EQ(queued(*queue), Names{"in-ring@ann"});
        EXPECT_EQ(queue->ledger().accepted, 2u);
        EXPECT_EQ(queue->ledger().dropped.at("journal_full"), 1u);
    }
    EXPECT_TRUE(diagnostics_.empty());
}

TEST_F(AdoptionTest, TheFolderOfALivingProcessIsNotTouched) {
    test::SeededRandom random(1);
    auto first = Storage::open(folder_.path().string(), random);
    auto second = Storage::open(folder_.path().string(), random);
    ASSERT_TRUE(first.ok());
    ASSERT_TRUE(second.ok());
    EXPECT_TRUE(first->is_first());
    EXPECT_FALSE(second->is_first());
    leave(1, "ann");
    leave(2, "bob");
    auto abandoned = first->abandoned();
    ASSERT_EQ(abandoned.size(), 1u);
    EXPECT_EQ(abandoned[0].path, folder(2));
    // While it is being taken over, a new process goes elsewhere.
    auto third = Storage::open(folder_.path().string(), random);
    ASSERT_TRUE(third.ok());
    EXPECT_EQ(third->queue_path(), queue_of(3));
}

/// A queue as it should be: how many are queued, how each of the others ended, and what the reports say.
struct Model {
    Ledger ledger;
    Ledger reported;
    std::size_t reports = 0;
    std::multiset<std::string> queued;

    void add(const Model& other) {
        ledger.add(other.ledger);
        reported.add(other.reported);
        reports += other.reports;
        queued.insert(other.queued.begin(), other.queued.end());
    }
};

void expect_equal(const Ledger& ledger, const Ledger& expected) {
    EXPECT_EQ(ledger.accepted, expected.accepted);
    EXPECT_EQ(ledger.delivered, expected.delivered);
    EXPECT_EQ(ledger.dropped, expected.dropped);
}

// Whatever is done to several queues, in whatever order, and wherever they are closed and opened again.
TEST_F(AdoptionTest, TheLedgersOfAFolderAreExactAtEveryMoment) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::SeededRandom random(seed);
    constexpr int kQueues = 3;
    std::unique_ptr<Queue> queues[kQueues];
    Model models[kQueues];
    int next = 0;
    for (int n = 0; n < kQueues; ++n) queues[n] = open(n);
    for (int round = 0; round < 400; ++round) {
        const int n = random.below(kQueues);
        auto& queue = queues[n];
        Model& model = models[n];
        const int what = random.below(20);
        if (what < 8) {
            Names names;
            for (int i = random.below(5); i > 0; --i) names.push_back("event-" + std::to_string(next++));
            Intake made = intake(names, "ann", static_cast<std::uint8_t>(random.below(kPriorities)));
            const auto dropped = static_cast<std::uint64_t>(random.below(3));
            if (dropped != 0) made.dropped["before_send"] = dropped;
            made.ring = static_cast<std::uint64_t>(1 + n);
            made.mark = queue->state().mark_of(made.ring);
            const auto refused = static_cast<std::uint64_t>(random.below(2));
            made.mark.overflowed += refused;
            ASSERT_TRUE(queue->append({made}).ok());
            model.ledger.accepted += names.size() + dropped + refused;
            if (dropped != 0) model.ledger.dropped["before_send"] += dropped;
            if (refused != 0) model.ledger.dropped["journal_full"] += refused;
            for (const auto& name : names) model.queued.insert(name + "@ann");
        } else if (what < 14) {
            const auto batch = queue->peek(static_cast<std::size_t>(1 + random.below(6)), 1'000'000);
            ASSERT_TRUE(batch.ok());
            const std::size_t count = random.next() % (batch->count + 1);
            Settlement settlement;
            const std::uint64_t rejected = random.next() % (count + 1);
            settlement.delivered = count - rejected;
            if (rejected != 0) settlement.dropped["rejected"] = rejected;
            settlement.reports = static_cast<std::size_t>(random.below(3));
            EventList list;
            for (const auto& chunk : batch->chunks) ASSERT_TRUE(list.add(chunk.records, chunk.skip, chunk.count));
            for (std::size_t i = 0; i < count; ++i) {
                const auto gone = model.queued.find(std::string(list.events()[i].name) + "@ann");
                ASSERT_NE(gone, model.queued.end());
                model.queued.erase(gone);
            }
            ASSERT_TRUE(queue->settle(*batch, count, settlement).ok());
            model.ledger.delivered += settlement.delivered;
            if (rejected != 0) model.ledger.dropped["rejected"] += rejected;
            model.reports -= std::min(model.reports, settlement.reports);
        } else if (what < 16) {
            ASSERT_TRUE(queue->begin_report(report(std::to_string(round))).ok());
            model.reported = model.ledger;
            ++model.reports;
        } else if (what == 16) {
            if (!model.queued.empty()) model.ledger.dropped["consent"] += model.queued.size();
            model.queued.clear();
            ASSERT_TRUE(queue->erase_all("consent").ok());
        } else if (what < 19) {
            queue.reset();
            queue = open(n);
        } else {
            const int other = (n + 1) % kQueues;
            queues[other].reset();
            ASSERT_TRUE(queue->adopt_from(queue_of(other), diagnose_).ok());
            model.add(models[other]);
            models[other] = {};
            queues[other] = open(other);
        }
        for (int q = 0; q < kQueues; ++q) {
            expect_equal(queues[q]->ledger(), models[q].ledger);
            expect_equal(queues[q]->state().reported, models[q].reported);
            ASSERT_EQ(queues[q]->state().reports.size(), models[q].reports);
            ASSERT_EQ(queues[q]->ledger().queued(), models[q].queued.size());
        }
        ASSERT_EQ(queued(*queue), Names(model.queued.begin(), model.queued.end()));
        ASSERT_FALSE(HasFailure());
    }
    EXPECT_TRUE(diagnostics_.empty());
}

class CountingTransport final : public Transport {
public:
    explicit CountingTransport(std::atomic<int>& requests) : requests_(requests) {}
    Result<HttpResponse> send(const HttpRequest& request) override {
        ++requests_;
        return test::all_accepted(request);
    }

private:
    std::atomic<int>& requests_;
};

TEST_F(AdoptionTest, AClientDeliversWhatOthersLeft) {
    leave(1, "ann");
    write_ring(2, {"in-ring"}, "bob", 5);
    std::atomic<int> requests{0};
    Options options;
    options.endpoint = "http://127.0.0.1:1";
    options.api_key = "key";
    options.app_name = "app";
    options.storage_dir = folder_.path().string();
    options.transport = std::make_unique<CountingTransport>(requests);
    auto client = Client::open(std::move(options));
    ASSERT_TRUE(client.ok()) << client.error().message;
    ASSERT_TRUE(client->flush(std::chrono::seconds(20)).ok());
    const Stats stats = client->stats();
    EXPECT_EQ(stats.accepted, 6u + 2u);
    EXPECT_EQ(stats.queued, 0u);
    EXPECT_GE(requests.load(), 1);
    EXPECT_FALSE(fs::exists(queue_of(1)));
    EXPECT_TRUE(fs::is_empty(folder(2) + "/journal"));
}

}  // namespace
}  // namespace pulsekit
