#include "store/writer.hpp"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/fake_store.hpp"

namespace collector::store {
namespace {

using enum Stored;
using collector::test::FakeStore;
using pulsekit::ErrorCode;

std::vector<model::Event> events(const std::vector<std::string>& ids) {
    std::vector<model::Event> made;
    for (const auto& id : ids) made.emplace_back().event_id = id;
    return made;
}

std::future<Writer::Outcome> submit(Writer& writer, const std::vector<std::string>& ids) {
    auto promise = std::make_shared<std::promise<Writer::Outcome>>();  // shared with the callback alone
    auto outcome = promise->get_future();
    writer.submit(events(ids), [promise](Writer::Outcome result) { promise->set_value(std::move(result)); });
    return outcome;
}

TEST(Writer, MergesWhatWaitsAndAnswersEachWithItsOwn) {
    FakeStore store;
    Writer writer(store, {});
    store.hold();
    auto first = submit(writer, {"a"});
    store.wait_for_append(1);
    auto second = submit(writer, {"b", "duplicate"});
    auto empty = submit(writer, {});
    auto third = submit(writer, {"duplicate", "c", "d"});
    EXPECT_EQ(writer.counters().queued_events, 6u);
    store.release();
    EXPECT_EQ(*first.get(), std::vector{fresh});
    EXPECT_EQ(*second.get(), (std::vector{fresh, duplicate}));
    EXPECT_TRUE(empty.get()->empty());
    EXPECT_EQ(*third.get(), (std::vector{duplicate, fresh, fresh}));
    EXPECT_EQ(store.commits(),
              (std::vector<std::vector<std::string>>{{"a"}, {"b", "duplicate", "duplicate", "c", "d"}}));
    writer.drain();
    EXPECT_EQ(writer.counters().commits, 2u);
    EXPECT_EQ(writer.counters().committed_events, 6u);
    EXPECT_EQ(writer.counters().queued_events, 0u);
}

TEST(Writer, AppendsNoMoreAtOnceThanItMay) {
    FakeStore store;
    Writer writer(store, {.max_commit_events = 3});
    store.hold();
    auto first = submit(writer, {"a"});
    store.wait_for_append(1);
    auto b = submit(writer, {"b", "c"});
    auto d = submit(writer, {"d"});
    auto e = submit(writer, {"e"});
    auto f = submit(writer, {"f", "g", "h", "i"});  // alone too many, and never split
    store.release();
    ASSERT_TRUE(f.get().ok());
    EXPECT_EQ(store.commits(),
              (std::vector<std::vector<std::string>>{{"a"}, {"b", "c", "d"}, {"e"}, {"f", "g", "h", "i"}}));
}

TEST(Writer, AFailureIsToldToAllItConcernsAndToNoOneElse) {
    FakeStore store;
    Writer writer(store, {});
    store.hold();
    store.fail_next(1);
    auto first = submit(writer, {"a"});
    store.wait_for_append(1);
    auto second = submit(writer, {"b"});
    store.release();
    const auto failed = first.get();
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(second.get().ok());
    store.hold();
    auto third = submit(writer, {"c"});
    store.wait_for_append(3);
    auto fourth = submit(writer, {"d"});
    auto fifth = submit(writer, {"e"});
    store.fail_next(2);
    store.release();
    EXPECT_FALSE(third.get().ok());
    EXPECT_FALSE(fourth.get().ok());
    EXPECT_FALSE(fifth.get().ok());
    EXPECT_EQ(store.commits(), (std::vector<std::vector<std::string>>{{"b"}}));
    EXPECT_EQ(writer.counters().failed_commits, 3u);
}

TEST(Writer, RefusesWhatItHasNoRoomFor) {
    FakeStore store;
    Writer writer(store, {.max_queued_events = 3});
    store.hold();
    auto first = submit(writer, {"a", "b"});
    store.wait_for_append(1);  // what is being committed takes room as well
    auto second = submit(writer, {"c", "d"});
    ASSERT_EQ(second.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_EQ(second.get().error().code, ErrorCode::unavailable);
    auto third = submit(writer, {"e"});
    store.release();
    EXPECT_TRUE(first.get().ok());
    EXPECT_TRUE(third.get().ok());
    EXPECT_EQ(writer.counters().refused_events, 2u);
    writer.drain();
    EXPECT_EQ(store.commits(), (std::vector<std::vector<std::string>>{{"a", "b"}, {"e"}}));
}

TEST(Writer, RefusesWhatWouldTakeTooMuchMemory) {
    FakeStore store;
    Writer writer(store, {.max_queued_bytes = 1 << 20});
    store.hold();
    auto first = submit(writer, {"a"});
    store.wait_for_append(1);
    const auto before = writer.counters().queued_bytes.load();
    EXPECT_GE(before, sizeof(model::Event));
    const auto large = [&](std::size_t size) {
        auto made = events({"large"});
        made[0].props.assign(size, 'x');
        auto promise = std::make_shared<std::promise<Writer::Outcome>>();
        auto outcome = promise->get_future();
        writer.submit(std::move(made), [promise](Writer::Outcome result) { promise->set_value(std::move(result)); });
        return outcome;
    };
    EXPECT_EQ(large(1 << 20).get().error().code, ErrorCode::unavailable);
    auto fits = large(1 << 19);
    EXPECT_GE(writer.counters().queued_bytes.load(), before + (1 << 19));
    EXPECT_EQ(large(1 << 19).get().error().code, ErrorCode::unavailable);
    store.release();
    EXPECT_TRUE(first.get().ok());
    EXPECT_TRUE(fits.get().ok());
    writer.drain();
    EXPECT_EQ(writer.counters().queued_bytes, 0u);
    EXPECT_EQ(writer.counters().refused_events, 2u);
}

TEST(Writer, AnEmptyQueueTakesASubmissionOfAnySize) {
    FakeStore store;
    Writer writer(store, {.max_queued_events = 1});
    EXPECT_TRUE(submit(writer, {"a", "b"}).get().ok());
}

TEST(Writer, DrainingStoresWhatWasTakenAndRefusesTheRest) {
    FakeStore store;
    Writer writer(store, {});
    store.hold();
    auto first = submit(writer, {"a"});
    store.wait_for_append(1);
    auto second = submit(writer, {"b"});
    std::jthread draining([&] { writer.drain(); });
    auto probe = submit(writer, {"c"});
    while (probe.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        probe = submit(writer, {"c"});  // drain() may not have begun yet
    }
    EXPECT_EQ(probe.get().error().code, ErrorCode::unavailable);
    store.release();
    draining.join();
    EXPECT_EQ(second.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_TRUE(first.get().ok());
    EXPECT_TRUE(second.get().ok());
    writer.drain();
    EXPECT_FALSE(submit(writer, {"d"}).get().ok());
}

TEST(Writer, ManyThreadsEachGetTheirAnswerOnce) {
    FakeStore store;
    Writer writer(store, {.max_commit_events = 50});
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            for (int j = 0; j < 200; ++j) {
                const auto outcome = submit(writer, {std::to_string(i * 1000 + j)}).get();
                ASSERT_TRUE(outcome.ok());
                ASSERT_EQ(outcome->size(), 1u);
            }
        });
    }
    threads.clear();
    writer.drain();
    EXPECT_EQ(writer.counters().committed_events, 1600u);
}

TEST(Writer, DoneMaySubmitAgain) {
    FakeStore store;
    Writer writer(store, {});
    std::promise<Writer::Outcome> promise;
    writer.submit(events({"a"}), [&](Writer::Outcome) {
        writer.submit(events({"b"}), [&](Writer::Outcome outcome) { promise.set_value(std::move(outcome)); });
    });
    EXPECT_TRUE(promise.get_future().get().ok());
}

}  // namespace
}  // namespace collector::store
