// Runs tests/data/queries/<module>/*.json against the store: what was sent, what is asked, what must come back.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "store/open.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query {
namespace {

using http::Json;

std::filesystem::path folder_of(const Module& module) {
    return std::filesystem::path(PULSEKIT_TEST_DATA) / "queries" / module.name;
}

std::vector<std::filesystem::path> files_of(const Module& module) {
    std::vector<std::filesystem::path> files;
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of(module), absent)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<std::filesystem::path> all_files() {
    std::vector<std::filesystem::path> files;
    for (const Module* module : modules()) {
        for (auto& file : files_of(*module)) files.push_back(std::move(file));
    }
    return files;
}

std::int64_t instant(const Json& text) {
    const auto ms = pulsekit::parse_date_time(text.get<std::string>());
    EXPECT_TRUE(ms) << text;
    return ms.value_or(0);
}

model::Kind kind_named(const std::string& name) {
    for (int i = 0; i <= static_cast<int>(model::Kind::delivery); ++i) {
        if (name_of(static_cast<model::Kind>(i)) == name) return static_cast<model::Kind>(i);
    }
    ADD_FAILURE() << "no kind " << name;
    return model::Kind::event;
}

/// The compact form of a case file: only `at` is required. See the files.
model::Event event_of(const Json& compact, std::size_t index) {
    model::Event event;
    event.project_id = compact.value("project", "p");
    event.event_id = compact.value("id", "event-" + std::to_string(index));
    event.kind = kind_named(compact.value("kind", "event"));
    event.name = compact.value("name", std::string(name_of(event.kind)));
    event.source_type = event.name;
    event.interaction = compact.value("interaction", is_active(event.kind));
    event.ts_ms = instant(compact.at("at"));
    event.received_ms = 1'800'000'000'000;  // whatever the event times are, the sending was one
    event.visitor_id = compact.value("visitor", "v");
    event.session_id = compact.value("session", "s");
    event.path = compact.value("path", "");
    return event;
}

class Cases : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Cases, AnswerAsWritten) {
    std::ifstream in(GetParam());
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto file = http::parse_json(bytes);
    ASSERT_TRUE(file) << GetParam() << " is no JSON";

    const pulsekit::test::TemporaryFolder folder;
    pulsekit::test::SeededRandom random(1);
    const auto store = store::open_store({.data_directory = folder.path().string()}, random);
    ASSERT_TRUE(store.ok()) << store.error().message;
    std::vector<model::Event> events;
    for (const auto& compact : file->at("events")) events.push_back(event_of(compact, events.size()));
    ASSERT_TRUE((*store)->append(events).ok());

    ASSERT_FALSE(file->at("cases").empty());
    for (const auto& one : file->at("cases")) {
        const std::string target = one.at("request").get<std::string>();
        SCOPED_TRACE(GetParam().string() + ": " + one.at("about").get<std::string>() + "\n" + target);
        const auto reply = test::ask(**store, instant(file->at("now")), one.value("project", "p"), target);
        ASSERT_TRUE(reply) << "no such report";
        EXPECT_EQ(reply->status, one.at("status").get<int>());
        EXPECT_EQ(reply->response.content_type, "application/json");
        EXPECT_EQ(reply->body, one.at("reply"))  // the order of members counts too
            << "expected " << one.at("reply") << "\ngot      " << reply->body << "\ndiff     "
            << Json::diff(one.at("reply"), reply->body);
    }
}

std::string title(const testing::TestParamInfo<std::filesystem::path>& info) {
    return info.param.parent_path().filename().string() + "_" + info.param.stem().string();
}
INSTANTIATE_TEST_SUITE_P(Reports, Cases, testing::ValuesIn(all_files()), title);

TEST(Modules, EachHasCasesThatAskIt) {
    for (const Module* module : modules()) {
        std::size_t asked = 0;
        for (const auto& file : files_of(*module)) {
            std::ifstream in(file);
            const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
            const auto json = http::parse_json(bytes);
            ASSERT_TRUE(json) << file;
            for (const auto& one : json->at("cases")) {
                if (test::request(one.at("request").get<std::string>()).path == module->path) ++asked;
            }
        }
        EXPECT_GT(asked, 0u) << module->name << " has no cases in " << folder_of(*module);
    }
}

}  // namespace
}  // namespace collector::query
