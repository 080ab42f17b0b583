#include "src/ring.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "src/record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

constexpr std::size_t kCapacity = 4096;

bool push(Ring& ring, std::string_view bytes) {
    char* room = ring.reserve(static_cast<std::uint32_t>(bytes.size()));
    if (!room) return false;
    std::memcpy(room, bytes.data(), bytes.size());
    ring.commit(static_cast<std::uint32_t>(bytes.size()));
    return true;
}

// Any byte but 0 first: these are events to the ring.
std::vector<std::string> drain(Ring& ring, bool release = true) {
    std::string bytes;
    std::string context(1, '\0');
    const auto drained = ring.drain(bytes, context, 1'000'000);
    if (release) ring.release(drained.position);
    std::vector<std::string> events;
    FrameReader frames(bytes);
    while (const auto frame = frames.next()) {
        if (!is_context(*frame)) events.emplace_back(*frame);
    }
    EXPECT_TRUE(frames.at_end());
    EXPECT_EQ(events.size(), drained.events);
    return events;
}

TEST(Ring, KeepsOrderOverManyLapsAndSizes) {
    auto ring = Ring::anonymous(kCapacity, 1);
    ASSERT_TRUE(ring.ok());
    std::vector<std::string> sent;
    std::vector<std::string> received;
    for (std::size_t i = 0; i < 5'000; ++i) {
        const std::string bytes(1 + i * 37 % 700, static_cast<char>('a' + i % 26));
        if (!push(**ring, bytes)) {
            const auto got = drain(**ring);
            received.insert(received.end(), got.begin(), got.end());
            ASSERT_TRUE(push(**ring, bytes));
        }
        sent.push_back(bytes);
    }
    const auto got = drain(**ring);
    received.insert(received.end(), got.begin(), got.end());
    EXPECT_EQ(received, sent);
    EXPECT_EQ((*ring)->pushed(), sent.size());
}

TEST(Ring, IsBoundedAndCountsWhatItRefuses) {
    auto ring = Ring::anonymous(kCapacity, 1);
    ASSERT_TRUE(ring.ok());
    const std::string bytes(100, 'x');
    int pushed = 0;
    while (push(**ring, bytes)) ++pushed;
    (*ring)->count_overflow();
    EXPECT_EQ(pushed, static_cast<int>(kCapacity / 112));  // 8 bytes of frame, padded to 8
    EXPECT_EQ((*ring)->overflowed(), 1u);
    EXPECT_TRUE((*ring)->is_filling());
    EXPECT_EQ(drain(**ring).size(), static_cast<std::size_t>(pushed));
    EXPECT_TRUE(push(**ring, bytes));
    EXPECT_FALSE((*ring)->is_filling());
}

TEST(Ring, WhatWasNotReleasedIsFoundByTheNextProcess) {
    const test::TemporaryFolder folder;
    {
        auto ring = Ring::create(folder.file("r.ring"), kCapacity, 42);
        ASSERT_TRUE(ring.ok());
        push(**ring, "one");
        drain(**ring);
        push(**ring, "two");
        drain(**ring, /*release=*/false);
        push(**ring, "three");
    }
    auto again = Ring::recover(folder.file("r.ring"));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ((*again)->id(), 42u);
    EXPECT_EQ(drain(**again), (std::vector<std::string>{"two", "three"}));
}

// After a loss of power the file may be older than what the queue has of it.
TEST(Ring, NothingIsReadAgainThatTheQueueHasAndTheFileForgot) {
    const test::TemporaryFolder folder;
    std::uint64_t position = 0;
    {
        auto ring = Ring::create(folder.file("r.ring"), kCapacity, 42);
        ASSERT_TRUE(ring.ok());
        push(**ring, "one");
        std::filesystem::copy_file(folder.file("r.ring"), folder.file("old.ring"));
        push(**ring, "two");
        std::string bytes;
        std::string context(1, '\0');
        position = (*ring)->drain(bytes, context, 1'000'000).position;
    }
    auto old = Ring::recover(folder.file("old.ring"));
    ASSERT_TRUE(old.ok());
    (*old)->skip_to(position);
    EXPECT_EQ(drain(**old), std::vector<std::string>());
}

// The disk may have the head of a ring without what lies before it: what was there earlier, or nothing.
TEST(Ring, NeitherAnEarlierLapNorZerosPassForRecords) {
    constexpr std::size_t kHeader = 4096;
    const test::TemporaryFolder folder;
    const std::string path = folder.file("r.ring");
    const auto image = [&] {
        std::ifstream file(path, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const std::string record(kCapacity / 8 - 8, 'x');  // eight of them and a head each are a lap
    auto ring = Ring::create(path, kCapacity, 1);
    ASSERT_TRUE(ring.ok());
    const std::string never_written = image();
    for (int i = 0; i < 8; ++i) {
        ASSERT_TRUE(push(**ring, record));
        drain(**ring);
    }
    const std::string first_lap = image();
    ASSERT_TRUE(push(**ring, record));
    ASSERT_TRUE(push(**ring, record));
    const std::string header = image().substr(0, kHeader);
    for (const auto& data : {never_written, first_lap}) {
        const std::string mixed = folder.file("mixed.ring");
        std::ofstream(mixed, std::ios::binary) << header << data.substr(kHeader);
        auto found = Ring::recover(mixed);
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(drain(**found), std::vector<std::string>());
    }
}

// Every byte of the last record is damaged in turn: the records before it are always found, the damaged one never.
TEST(Ring, ATornRecordNeverPassesAndCostsNoOther) {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("r.ring");
    {
        auto ring = Ring::create(path, kCapacity, 1);
        ASSERT_TRUE(ring.ok());
        push(**ring, "first");
        push(**ring, "second record");
    }
    std::string whole;
    {
        std::ifstream file(path, std::ios::binary);
        whole.assign(std::istreambuf_iterator<char>(file), {});
    }
    const std::size_t second = 4096 + 16;  // header page, then the first frame
    for (std::size_t at = second; at < second + 8 + 13; ++at) {
        for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
            std::string torn = whole;
            torn[at] = static_cast<char>(static_cast<unsigned char>(torn[at]) ^ flip);
            std::ofstream(path, std::ios::binary | std::ios::trunc) << torn;
            auto ring = Ring::recover(path);
            ASSERT_TRUE(ring.ok());
            std::string bytes;
            std::string context;
            const auto drained = (*ring)->drain(bytes, context, 1'000'000);
            ASSERT_EQ(drained.events, 1u) << "byte " << at;
            ASSERT_TRUE(drained.torn);
        }
    }
}

TEST(Ring, OnlyARingIsRecovered) {
    const test::TemporaryFolder folder;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{8192}}) {
        std::ofstream(folder.file("x.ring"), std::ios::trunc) << std::string(size, 'x');
        const auto ring = Ring::recover(folder.file("x.ring"));
        ASSERT_FALSE(ring.ok()) << size;
        EXPECT_EQ(ring.error().code, ErrorCode::corrupt) << size;
    }
}

TEST(Ring, AFileThatWasNeverWrittenHoldsNothing) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("x.ring")) << std::string(8192, '\0');
    const auto ring = Ring::recover(folder.file("x.ring"));
    ASSERT_FALSE(ring.ok());
    EXPECT_EQ(ring.error().code, ErrorCode::not_found);
}

TEST(Ring, OneProducerAndOneConsumerAgree) {
    auto ring = Ring::anonymous(kCapacity, 1);
    ASSERT_TRUE(ring.ok());
    constexpr std::uint64_t kRecords = 20'000;
    std::thread producer([&] {
        for (std::uint64_t i = 0; i < kRecords;) {
            if (push(**ring, std::to_string(i))) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t expected = 0;
    while (expected < kRecords) {
        for (const auto& bytes : drain(**ring)) ASSERT_EQ(bytes, std::to_string(expected++));
    }
    producer.join();
}

TEST(Ring, WhatIsDrainedBeginsWithTheContextInForce) {
    auto ring = Ring::anonymous(kCapacity, 1);
    ASSERT_TRUE(ring.ok());
    const auto push_context = [&](const std::string& name) {
        const std::string bytes = std::string(1, '\0') + name;
        std::memcpy((*ring)->reserve(static_cast<std::uint32_t>(bytes.size())), bytes.data(), bytes.size());
        (*ring)->commit(static_cast<std::uint32_t>(bytes.size()), /*is_event=*/false);
    };
    std::string context;
    const auto drain_all = [&] {
        std::string bytes;
        (*ring)->release((*ring)->drain(bytes, context, 1'000'000).position);
        std::vector<std::string> frames;
        FrameReader reader(bytes);
        while (const auto frame = reader.next()) frames.emplace_back(is_context(*frame) ? frame->substr(1) : *frame);
        return frames;
    };
    push_context("A");
    push(**ring, "1");
    push_context("B");
    push(**ring, "2");
    EXPECT_EQ(drain_all(), (std::vector<std::string>{"A", "1", "B", "2"}));
    push(**ring, "3");
    EXPECT_EQ(drain_all(), (std::vector<std::string>{"B", "3"}));
    EXPECT_EQ((*ring)->pushed(), 3u);
}

}  // namespace
}  // namespace pulsekit
