// Runs tests/data/queries/<module>/*.json against the store: what was sent, what is asked, what must come back.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "store/open.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/collector/query/compact.hpp"
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
    ASSERT_TRUE((*store)->append(test::events_of(file->at("events"))).ok());

    ASSERT_FALSE(file->at("cases").empty());
    for (const auto& one : file->at("cases")) {
        const std::string target = one.at("request").get<std::string>();
        SCOPED_TRACE(GetParam().string() + ": " + one.at("about").get<std::string>() + "\n" + target);
        const auto project = test::project(one.value("project", "p"), file->value("domain", "example.org"));
        const auto reply = test::ask(**store, test::instant(file->at("now")), project, target);
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
                auto request = test::request(one.at("request").get<std::string>());
                if (test::serves(*module, request)) ++asked;
            }
        }
        EXPECT_GT(asked, 0u) << module->name << " has no cases in " << folder_of(*module);
    }
}

}  // namespace
}  // namespace collector::query
