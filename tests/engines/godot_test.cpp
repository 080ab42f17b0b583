// examples/godot as Godot runs it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/integration/collector_process.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/variable.hpp"

namespace pulsekit {
namespace {

using test::Variable;

constexpr const char* kAbsent = "Godot is not installed: scripts/setup engines";

/// A copy of the example with its library in place, as a game's project has it; Godot writes into what it runs.
class Project {
public:
    explicit Project(const test::TemporaryFolder& folder)
        : path_(folder.file("project")), errors_(folder.file("errors")), home_("XDG_DATA_HOME", folder.file("home")) {
        std::filesystem::copy(PULSEKIT_EXAMPLES "/godot", path_, std::filesystem::copy_options::recursive);
        std::filesystem::copy_file(PULSEKIT_GODOT_LIBRARY, path_ + "/pulsekit/libpulsekit_godot.so",
                                   std::filesystem::copy_options::overwrite_existing);
    }

    /// Puts another game in place of the demo.
    void replace_demo(const std::string& script) const { std::ofstream(path_ + "/Demo.gd") << script; }

    /// The output, without what the engine says of itself.
    std::vector<std::string> run() {
        test::Process game({PULSEKIT_GODOT, "--path", path_}, errors_);
        auto output = game.read_lines();
        EXPECT_EQ(game.wait(), 0) << errors();
        output.erase(std::remove_if(output.begin(), output.end(),
                                    [](const auto& line) {
                                        return line == " " || line.find("Godot Engine") != std::string::npos;
                                    }),
                     output.end());
        return output;
    }
    std::string errors() const {
        std::ifstream file(errors_);
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    std::string path_;
    std::string errors_;
    Variable home_;
};

TEST(Godot, TheDemoGameIsWhatTheCollectorAnswers) {
    if (std::string(PULSEKIT_GODOT).empty()) GTEST_SKIP() << kAbsent;
    const test::TemporaryFolder folder;
    const test::CollectorProcess collector(folder.file("data"));
    const Variable endpoint("PULSEKIT_ENDPOINT", collector.url());
    const Variable key("PULSEKIT_KEY", collector.key("PULSE_INGEST_KEY"));
    Project project(folder);
    const auto output = project.run();
    EXPECT_EQ(output, std::vector<std::string>{"ledger accepted=7 delivered=7 queued=0 dropped=0"}) << project.errors();

    EXPECT_TRUE(std::filesystem::exists(folder.file("home/godot/app_userdata/pulsekit demo/telemetry/0")));
    EXPECT_EQ(collector.stored_ids().size(), 7u);
    const auto events = collector.ask("events")["data"];
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0]["name"], "level_complete");
    EXPECT_EQ(events[0]["count"], 5);
    EXPECT_EQ(events[1]["name"], "identify");
    EXPECT_EQ(collector.ask("pages")["data"][0]["path"], "/main menu");

    const auto levels = collector.stored_properties("level_complete");
    ASSERT_EQ(levels.size(), 5u);
    const auto second = nlohmann::json::parse(
        R"({"level":2,"score":25.25,"won":false,"map":"cañon","loot":{"gold":6,"items":["sword",null]}})");
    for (const auto& [name, value] : second.items()) EXPECT_EQ(levels[1].value(name, nlohmann::json()), value) << name;
}

// Everything that may go wrong in a game's hands: it is told, and the game goes on.
TEST(Godot, WhatIsRefusedIsTold) {
    if (std::string(PULSEKIT_GODOT).empty()) GTEST_SKIP() << kAbsent;
    const test::TemporaryFolder folder;
    Project project(folder);
    project.replace_demo(R"(extends Label
func _ready():
	print("%s: %s" % [Pulsekit.track("early"), Pulsekit.last_error])
	print("%s %s" % [Pulsekit.stats(), Pulsekit.close()])
	print("%s: %s" % [Pulsekit.open({endpoint = "nowhere", api_key = "k", app_name = "a"}), Pulsekit.last_error])
	var options = {endpoint = "http://127.0.0.1:1", api_key = "k", app_name = "a"}
	print(Pulsekit.open(options))
	print("%s: %s" % [Pulsekit.open(options), Pulsekit.last_error])
	print("%s: %s" % [Pulsekit.track(""), Pulsekit.last_error])
	print("%s: %s" % [Pulsekit.track("x", {"": 1}), Pulsekit.last_error])
	var cycle = {}
	cycle["cycle"] = cycle
	print("%s: %s" % [Pulsekit.track("x", cycle), Pulsekit.last_error])
	cycle.clear()
	print(len(Pulsekit.track("position", {at = Vector2(1, 2), 3: "number"})))
	propagate_notification(NOTIFICATION_APP_PAUSED)
	propagate_notification(NOTIFICATION_APP_RESUMED)
	print(Pulsekit.flush(0.2))
	print(Pulsekit.stats().queued)
	get_tree().quit()
)");
    const auto output = project.run();
    const std::vector<std::string> wanted = {
        ": it is not open",
        "{} True",
        "False: ",  // and the SDK's reason
        "True",
        "False: it is open already",
        ": ",
        ": a property has no name, too long a name, or nests too deep",
        ": a property has no name, too long a name, or nests too deep",
        "36",
        "False",
        "1",
    };
    ASSERT_EQ(output.size(), wanted.size()) << ::testing::PrintToString(output) << project.errors();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_EQ(output[i].substr(0, wanted[i].size()), wanted[i]) << output[i];
    }
    EXPECT_NE(output[2], wanted[2]);
    EXPECT_NE(output[5], wanted[5]);
    EXPECT_NE(project.errors().find("events wait for the collector"), std::string::npos) << project.errors();
}

}  // namespace
}  // namespace pulsekit
