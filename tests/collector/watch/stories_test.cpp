// Runs tests/data/watch/*.json: what happens to a project while the clock goes on, and what is told of it.
//
//   start     the first instant
//   webhooks  {"w1": ["traffic_spike"]}: what each wants
//   alerts    as the API takes them; in what is told, `<name>` stands for the id of the alert of that name
//   steps     one after the other; in each, in this order:
//     restart   true: everything is closed and opened again
//     webhooks  in place of the ones before
//     modules   {"webvitals": false}
//     sending   what is wrong with handing messages over; "" when nothing is any more
//     toggle    the name of an alert
//     at        the clock is set, forth or back; or
//     minutes   it advances by so many, a minute at a time, and in each all that follows is done
//     events    compact ones (tests/collector/query/compact.hpp); `at` may be `now`
//               ... then all that is due each minute is done, and must have
//     told      these messages, those of all minutes together; none when it is absent
//     fired     the names of the alerts that fired in the last minute; not looked at when it is absent
#include <gtest/gtest.h>

#include <sstream>

#include "tests/collector/query/case_files.hpp"
#include "tests/collector/watch/world.hpp"

namespace collector::watch {
namespace {

using test::World;

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(PULSEKIT_TEST_DATA "/watch")) {
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

class Stories : public testing::TestWithParam<std::filesystem::path> {
protected:
    void tell(const http::Json& file) {
        world_ = std::make_unique<World>(query::test::instant(file.at("start")), file);
        world_->webhooks = file.value("webhooks", world_->webhooks);
        for (const auto& written : file.value("alerts", http::Json::array())) {
            const auto made = world_->alerts().create("p", test::rule_of(written));
            ASSERT_TRUE(made.ok()) << made.error().message;
            ids_[made->rule.name] = made->id;
        }
        for (const auto& step : file.at("steps")) {
            SCOPED_TRACE(GetParam().string() + ": " + step.at("about").get<std::string>());
            prepare(step);
            take(step);
        }
    }

private:
    void prepare(const http::Json& step) {
        if (step.value("restart", false)) world_->restart();
        world_->webhooks = step.value("webhooks", world_->webhooks);
        world_->switch_modules(step.value("modules", http::Json::object()));
        world_->failure = step.value("sending", world_->failure);
        if (!step.contains("toggle")) return;
        ASSERT_TRUE(world_->alerts().toggle("p", ids_.at(step["toggle"])).ok());
    }

    void take(const http::Json& step) {
        if (step.contains("at")) world_->set_clock(query::test::instant(step["at"]));
        for (int minute = 0; minute < step.value("minutes", 1); ++minute) {
            if (step.contains("minutes")) world_->clock().advance(std::chrono::minutes(1));
            world_->append(step.value("events", http::Json::array()));
            world_->run();
        }
        auto told = http::Json::array();
        for (const auto& message : world_->take_sent()) told.push_back(shown(message));
        const auto expected = step.value("told", http::Json::array());
        EXPECT_EQ(told, expected) << "got " << told.dump(1) << "\n" << http::Json::diff(expected, told);
        if (step.contains("fired")) { EXPECT_EQ(fired(), step["fired"]); }
    }

    http::Json shown(const outbound::Message& message) const {
        constexpr const char* kChannels[] = {"subscription", "webhook", "email"};
        EXPECT_EQ(message.project_id, "p");
        http::Json json{{"to", kChannels[static_cast<int>(message.channel)] + (" " + message.target)}};
        if (message.channel == outbound::Channel::email) {
            json["subject"] = named(message.subject);
            auto& lines = json["text"] = http::Json::array();
            std::istringstream text(named(message.body));
            for (std::string line; std::getline(text, line);) lines.push_back(line);
        } else {
            EXPECT_EQ(message.subject, "");
            json["body"] = http::parse_json(named(message.body)).value();
            EXPECT_EQ(json["body"]["event"], message.event);
        }
        return json;
    }

    /// With names for ids.
    std::string named(std::string text) const {
        for (const auto& [name, id] : ids_) {
            for (auto at = text.find(id); at != std::string::npos; at = text.find(id)) {
                text.replace(at, id.size(), "<" + name + ">");
            }
        }
        return text;
    }

    http::Json fired() const {
        auto names = http::Json::array();
        const auto alerts = world_->alerts().alerts("p").value();
        for (const auto& alert : alerts) {
            if (alert.last_triggered_ms == world_->clock().unix_ms()) names.push_back(alert.rule.name);
        }
        return names;
    }

    std::unique_ptr<World> world_;
    std::map<std::string, std::string> ids_;  ///< of alerts, by name
};

TEST_P(Stories, AreToldAsWritten) { tell(query::test::read_case_file(GetParam())); }

std::string title(const testing::TestParamInfo<std::filesystem::path>& info) { return info.param.stem().string(); }
INSTANTIATE_TEST_SUITE_P(Files, Stories, testing::ValuesIn(files()), title);

}  // namespace
}  // namespace collector::watch
