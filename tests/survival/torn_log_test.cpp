// A log that lost its end, as after a loss of power: what it still has is there once, and the rest can be sent again.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.hpp"
#include "tests/survival/doors.hpp"

namespace pulsekit {
namespace {

namespace fs = std::filesystem;
using test::CollectorProcess;
using test::Door;

const Door& ingest_door() { return test::doors().back(); }

/// Some KB, so that the log soon has many pages.
std::string large_event(const std::string& id) {
    std::string body = test::event_at(ingest_door(), id);
    return body.insert(body.find(id) + id.size() + 1, ",\"properties\":{\"v\":\"" + std::string(4000, 'x') + "\"}");
}

void expect_clean(const CollectorProcess& collector) {
    test::Process check({PULSEKIT_COLLECTOR_BINARY, "check", "--data", collector.data()}, collector.data() + ".check");
    EXPECT_EQ(check.wait(), 0);
}

/// What may be left of a log's end when the power went.
struct Harm {
    const char* name;
    void (*harm)(const std::string& log);
};

void overwrite(const std::string& log, double from) {
    const auto size = fs::file_size(log);
    std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(static_cast<double>(size) * from));
    file << std::string(3000, '\x5a');
}

TEST(TornLog, LosesItsEndAndNothingElse) {
    const Harm harms[] = {
        {"a byte is missing", [](const std::string& log) { fs::resize_file(log, fs::file_size(log) - 1); }},
        {"half of it is missing", [](const std::string& log) { fs::resize_file(log, fs::file_size(log) / 2); }},
        {"only its head is there", [](const std::string& log) { fs::resize_file(log, 32); }},
        {"it is empty", [](const std::string& log) { fs::resize_file(log, 0); }},
        {"its end was not written", [](const std::string& log) { overwrite(log, 0.97); }},
        {"its middle was not written", [](const std::string& log) { overwrite(log, 0.5); }},
        {"its head was not written", [](const std::string& log) { overwrite(log, 0); }},
    };
    const test::TemporaryFolder folder;
    ::setenv("PULSE_RATE_INGEST", "0", 1);
    CollectorProcess collector(folder.file("data"));
    int sent = 0;
    for (const auto& [name, harm] : harms) {
        SCOPED_TRACE(name);
        // The keys are in the same file: they must be older than the log.
        EXPECT_EQ(collector.stop(), 0);
        collector.restart();
        const int first = sent;
        const auto send = [&](int number) {
            return test::knock(collector, ingest_door(), large_event("event-" + std::to_string(number))).status;
        };
        for (; sent < first + 30; ++sent) ASSERT_EQ(send(sent), ingest_door().success);
        collector.kill();
        const std::string log = collector.data() + "/pulse.sqlite-wal";
        ASSERT_GT(fs::file_size(log), 100'000u);
        harm(log);
        expect_clean(collector);
        collector.restart();
        const auto kept = collector.stored_ids();
        for (int number = 0; number < first; ++number) {
            EXPECT_EQ(kept.count("event-" + std::to_string(number)), 1u) << number;
        }
        // Commits are lost from the end only.
        bool lost = false;
        for (int number = first; number < sent; ++number) {
            const bool here = kept.count("event-" + std::to_string(number)) == 1;
            EXPECT_FALSE(lost && here) << number;
            lost = lost || !here;
        }
        EXPECT_TRUE(lost);
        for (int number = first; number < sent; ++number) EXPECT_EQ(send(number), ingest_door().success);
    }
    ::unsetenv("PULSE_RATE_INGEST");
    EXPECT_EQ(collector.stop(), 0);
    const auto stored = collector.stored_ids();
    EXPECT_EQ(stored.size(), static_cast<std::size_t>(sent));
    for (const auto& [id, count] : stored) EXPECT_EQ(count, 1) << id;
    expect_clean(collector);
}

}  // namespace
}  // namespace pulsekit
