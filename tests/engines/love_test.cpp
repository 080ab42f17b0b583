// examples/love as LÖVE runs it.
#include <gtest/gtest.h>

#include "tests/integration/collector_process.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/variable.hpp"

namespace pulsekit {
namespace {

using test::Variable;

TEST(Love, TheDemoGameIsWhatTheCollectorAnswers) {
    const std::string love = PULSEKIT_LOVE;
    if (love.empty()) GTEST_SKIP() << "LÖVE is not installed: apt install love";
    const test::TemporaryFolder folder;
    const test::CollectorProcess collector(folder.file("data"));
    const Variable headless("PULSEKIT_HEADLESS", "1");
    const Variable library("PULSEKIT_LIBRARY", PULSEKIT_SHARED_LIBRARY);
    const Variable endpoint("PULSEKIT_ENDPOINT", collector.url());
    const Variable key("PULSEKIT_KEY", collector.key("PULSE_INGEST_KEY"));
    const Variable storage("PULSEKIT_STORAGE", folder.file("storage"));
    const Variable saves("XDG_DATA_HOME", folder.file("saves"));
    test::Process game({love, PULSEKIT_EXAMPLES "/love"}, folder.file("errors"));
    const auto output = game.read_lines();
    std::ifstream errors(folder.file("errors"));
    ASSERT_EQ(game.wait(), 0) << std::string(std::istreambuf_iterator<char>(errors), {});
    ASSERT_FALSE(output.empty());
    EXPECT_EQ(output[0], "ledger accepted=7 delivered=7 queued=0 dropped=0");

    EXPECT_EQ(collector.stored_ids().size(), 7u);
    const auto events = collector.ask("events")["data"];
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0]["name"], "level_complete");
    EXPECT_EQ(events[0]["count"], 5);
    EXPECT_EQ(events[1]["name"], "identify");
    EXPECT_EQ(collector.ask("pages")["data"][0]["path"], "/main menu");
}

}  // namespace
}  // namespace pulsekit
