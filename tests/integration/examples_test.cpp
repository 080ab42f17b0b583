// The example programs as their reader starts them, against the real collector.
#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

#include "tests/integration/collector_process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using test::CollectorProcess;
using test::TemporaryFolder;
using Lines = std::vector<std::string>;

std::string contents(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// An example whose working folder is the test's: some keep their telemetry there.
class Example {
public:
    Example(const TemporaryFolder& folder, const std::string& name, const Lines& arguments = {})
        : errors_(folder.file(name + "-errors")), process_(command(folder, name, arguments), errors_) {}

    test::Process& process() { return process_; }
    /// Its output, when it ends well.
    Lines run() {
        Lines output = process_.read_lines();
        EXPECT_EQ(process_.wait(), 0) << contents(errors_);
        EXPECT_EQ(contents(errors_), "");
        return output;
    }

private:
    static Lines command(const TemporaryFolder& folder, const std::string& name, const Lines& arguments) {
        Lines command = {"/bin/sh",
                         "-c",
                         R"(cd "$1" && shift && exec "$@")",
                         "sh",
                         folder.path().string(),
                         PULSEKIT_EXAMPLE_PROGRAMS "/" + name};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return command;
    }

    std::string errors_;
    test::Process process_;
};

/// With the arguments that most of them take.
Lines reaching(const CollectorProcess& collector, const Lines& more = {}) {
    Lines arguments = {collector.url(), collector.key("PULSE_INGEST_KEY")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::map<std::string, int> counts(const CollectorProcess& collector) {
    std::map<std::string, int> found;
    const auto answer = collector.ask("events");
    for (const auto& event : answer["data"]) found[event["name"]] = event["count"];
    return found;
}

TEST(Examples, Quickstart) {
    const TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    EXPECT_EQ(Example(folder, "quickstart", reaching(collector)).run(), Lines{"accepted 4, delivered 4, queued 0"});
    EXPECT_EQ(counts(collector), (std::map<std::string, int>{{"identify", 1}, {"level_complete", 1}, {"purchase", 1}}));
    EXPECT_EQ(collector.ask("pages")["data"][0]["path"], "/main menu");
}

TEST(Examples, TheSameFromC) {
    const TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const Lines output = Example(folder, "c_api", reaching(collector)).run();
    ASSERT_EQ(output.size(), 3u);
    EXPECT_EQ(output[2], "accepted 3, delivered 3, queued 0");
    EXPECT_EQ(counts(collector), (std::map<std::string, int>{{"chest_opened", 1}, {"level_complete", 1}, {"sale", 1}}));
}

TEST(Examples, GameSession) {
    const TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const std::string input = folder.file("input");
    std::ofstream(input) << "play 50\ndeliver\nquit\n";
    test::Process game({"/bin/sh", "-c", R"(input=$1; shift; exec "$@" <"$input")", "sh", input,
                        PULSEKIT_EXAMPLE_PROGRAMS "/game_session", collector.url(), collector.key("PULSE_INGEST_KEY"),
                        folder.file("storage")});
    EXPECT_EQ(game.read_lines(),
              (Lines{"played 50", "everything is delivered", "ledger accepted=51 delivered=51 queued=0 dropped=0"}));
    EXPECT_EQ(game.wait(), 0);
    EXPECT_EQ(collector.stored_ids().size(), 51u);
}

TEST(Examples, GameLoopTellsWhatAFrameCosts) {
    const TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const Lines output = Example(folder, "game_loop", reaching(collector, {"60", "120"})).run();
    ASSERT_EQ(output.size(), 5u);
    EXPECT_EQ(output[0], "60 frames, 4 events each, 0 refused; telemetry's share of 16.67 ms:");
    for (std::size_t i = 1; i <= 3; ++i) {
        char what[16];
        double microseconds = 0;
        double share = 0;
        ASSERT_EQ(std::sscanf(output[i].c_str(), "%15s %lf us %lf %% of a frame", what, &microseconds, &share), 3)
            << output[i];
        EXPECT_GT(microseconds, 0) << output[i];
        EXPECT_NEAR(share, 100 * microseconds / 16'667, 0.001 + share / 100) << output[i];
    }
    EXPECT_EQ(output[4], "accepted 241, delivered 241, queued 0");
    EXPECT_EQ(counts(collector),
              (std::map<std::string, int>{{"enemy_state", 60}, {"frame", 60}, {"player_moved", 60}, {"shot", 60}}));
}

TEST(Examples, CustomTransportNeedsNoNetwork) {
    const TemporaryFolder folder;
    const Lines output = Example(folder, "custom_transport").run();
    ASSERT_GE(output.size(), 4u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(output[i].substr(0, 17), "the engine posts ") << output[i];
        EXPECT_NE(output[i].find(" bytes to https://telemetry.example.com/ingest"), std::string::npos) << output[i];
    }
    EXPECT_EQ(output.back(), "accepted 3, delivered 3, queued 0");
}

TEST(Examples, DaemonEndsCleanlyWhenItIsToldTo) {
    const TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    Example daemon(folder, "daemon", reaching(collector, {folder.file("storage"), "3600"}));
    ASSERT_EQ(daemon.process().read_line(), "running");
    daemon.process().signal(SIGHUP);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (counts(collector)["configuration_reloaded"] == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    daemon.process().signal(SIGTERM);
    EXPECT_EQ(daemon.run(), Lines{"accepted 5, delivered 5, queued 0"});  // two of them metrics, at the start
    const auto found = counts(collector);
    for (const char* name : {"service_started", "configuration_reloaded", "service_stopped"}) {
        EXPECT_EQ(found.count(name), 1u) << name;
    }
    EXPECT_EQ(collector.stored_ids().size(), 5u);
}

TEST(Examples, DaemonThatWasKilledSaysSoAtItsNextStart) {
    const TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    const Lines arguments = reaching(collector, {folder.file("storage"), "3600"});
    collector.kill();
    {
        Example daemon(folder, "daemon", arguments);
        ASSERT_EQ(daemon.process().read_line(), "running");
        daemon.process().signal(SIGKILL);
        EXPECT_EQ(daemon.process().wait(), 128 + SIGKILL);
    }
    collector.restart();
    Example daemon(folder, "daemon", arguments);
    ASSERT_EQ(daemon.process().read_line(), "running");
    // The daemon ends in bounded time, delivered or not: on a busy machine it is asked to end once it has delivered.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (collector.stored_properties("service_started").size() < 2 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    daemon.process().signal(SIGTERM);
    daemon.process().read_lines();
    EXPECT_EQ(daemon.process().wait(), 0);
    const auto starts = collector.stored_properties("service_started");
    ASSERT_EQ(starts.size(), 2u);  // the first survived
    EXPECT_EQ(starts[0]["after_crash"], false);
    EXPECT_EQ(starts[1]["after_crash"], true);
}

}  // namespace
}  // namespace pulsekit
