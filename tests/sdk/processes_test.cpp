// Several processes on one storage folder, some of them killed: the last one delivers what all of them have promised.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/support/process.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

/// What arrived at the collector, each id once.
struct Arrivals {
    std::set<std::string> events;
    std::uint64_t accepted = 0;  // the sums of the reports
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;

    explicit Arrivals(const std::string& path) {
        std::ifstream file(path);
        std::map<std::string, std::string> reports;
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            std::string kind;
            std::string id;
            words >> kind >> id;
            if (kind == "event") {
                events.insert(id);
                continue;
            }
            const auto [known, is_new] = reports.emplace(id, line);
            EXPECT_EQ(known->second, line) << "a report came again, but not as it was";
            if (!is_new) continue;
            std::uint64_t counts[3] = {};
            words >> counts[0] >> counts[1] >> counts[2];
            accepted += counts[0];
            delivered += counts[1];
            dropped += counts[2];
        }
    }
};

TEST(Processes, WhatTheDeadHavePromisedTheLastDelivers) {
    for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{std::random_device()()}}) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        test::SeededRandom random(seed);
        const test::TemporaryFolder folder;
        const std::vector<std::string> command = {PULSEKIT_TRUTH_APP, folder.file("storage"), folder.file("arrivals")};
        std::set<std::string> promised;
        const auto note = [&](const std::string& line) {
            if (line.size() == 36) promised.insert(line);  // the last line of a killed process may be cut
        };
        for (int round = 0; round < 3; ++round) {
            std::vector<std::unique_ptr<test::Process>> apps;
            for (int i = 0; i < 3; ++i) {
                auto arguments = command;
                arguments.push_back(std::to_string(random.next()));
                arguments.push_back("250");
                apps.push_back(std::make_unique<test::Process>(arguments));
            }
            for (auto& app : apps) {
                // Some end by themselves, some die in a request, and some here.
                const int goal = random.below(500);
                for (int i = 0; i < goal; ++i) {
                    const auto line = app->read_line();
                    if (!line) break;
                    note(*line);
                }
                if (goal < 250) app->signal(SIGKILL);
                for (const auto& line : app->read_lines()) note(line);
                const int status = app->wait();
                EXPECT_TRUE(status == 0 || status == 128 + SIGKILL) << status;
            }
        }
        auto arguments = command;
        arguments.insert(arguments.end(), {"1", "last"});
        test::Process last(arguments);
        const auto ledger = last.read_line();
        ASSERT_TRUE(ledger);
        EXPECT_EQ(last.wait(), 0);
        const Arrivals arrived(folder.file("arrivals"));
        for (const auto& id : promised) EXPECT_EQ(arrived.events.count(id), 1u) << id;
        std::uint64_t accepted = 0;
        std::uint64_t delivered = 0;
        std::uint64_t queued = 1;
        std::uint64_t dropped = 1;
        std::istringstream(*ledger) >> accepted >> delivered >> queued >> dropped;
        EXPECT_EQ(accepted, arrived.events.size());
        EXPECT_EQ(delivered, arrived.events.size());
        EXPECT_EQ(queued, 0u);
        EXPECT_EQ(dropped, 0u);
        EXPECT_EQ(arrived.accepted, accepted);
        EXPECT_EQ(arrived.delivered, delivered - 1);  // not yet of the event that the last report travelled with
        EXPECT_EQ(arrived.dropped, 0u);
    }
}

}  // namespace
}  // namespace pulsekit
