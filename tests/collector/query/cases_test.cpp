// Runs tests/data/queries/<module>/*.json against the store: what was sent, what is asked, what must come back.
#include <gtest/gtest.h>

#include "store/open.hpp"
#include "tests/collector/query/asking.hpp"
#include "tests/collector/query/case_files.hpp"
#include "tests/collector/query/compact.hpp"
#include "tests/collector/query/defining.hpp"
#include "tests/collector/support/schema.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query {
namespace {

using http::Json;

class Cases : public testing::TestWithParam<std::filesystem::path> {};

/// A file is its lines and its name.
void expect_file(const test::Reply& reply, const Json& expected) {
    std::string text;
    for (const auto& line : expected.at("lines")) text += line.get<std::string>() + "\n";
    EXPECT_EQ(reply.response.content_type, "text/csv");
    EXPECT_EQ(reply.response.body, text);
    ASSERT_EQ(reply.response.headers.size(), 1u);
    EXPECT_EQ(reply.response.headers[0].first, "Content-Disposition");
    EXPECT_EQ(reply.response.headers[0].second,
              "attachment; filename=\"" + expected.at("name").get<std::string>() + "\"");
}

void expect_json(const test::Reply& reply, const Json& expected) {
    EXPECT_EQ(reply.response.content_type, "application/json");
    EXPECT_EQ(reply.body, expected)  // the order of members counts too
        << "expected " << expected << "\ngot      " << reply.body << "\ndiff     " << Json::diff(expected, reply.body);
}

TEST_P(Cases, AnswerAsWritten) {
    const auto file = test::read_case_file(GetParam());
    const pulsekit::test::TemporaryFolder folder;
    pulsekit::test::SeededRandom random(1);
    const auto store = store::open_store({.data_directory = folder.path().string()}, random);
    ASSERT_TRUE(store.ok()) << store.error().message;
    ASSERT_TRUE((*store)->append(test::events_of(file.at("events"))).ok());

    test::Defined defined(folder.file("definitions.sqlite"), file);
    ASSERT_FALSE(file.at("cases").empty());
    for (const auto& written : file.at("cases")) {
        const auto one = defined.resolved(written);
        const std::string target = one.at("request").get<std::string>();
        SCOPED_TRACE(GetParam().string() + ": " + one.at("about").get<std::string>() + "\n" + target);
        const auto project = test::project(one.value("project", "p"), file.value("domain", "example.org"));
        const auto reply = test::ask(**store, defined.definitions(), defined.surveys(), test::instant(file.at("now")),
                                     project, target);
        ASSERT_TRUE(reply) << "no such report";
        EXPECT_EQ(reply->status, one.at("status").get<int>());
        one.contains("file") ? expect_file(*reply, one.at("file")) : expect_json(*reply, one.at("reply"));
    }
}

std::string title(const testing::TestParamInfo<std::filesystem::path>& info) {
    return info.param.parent_path().filename().string() + "_" + info.param.stem().string();
}
INSTANTIATE_TEST_SUITE_P(Reports, Cases, testing::ValuesIn(test::case_files()), title);

/// How many cases of the files ask for the pattern, or for the module.
template <typename Asked>
std::size_t asked(const std::vector<std::filesystem::path>& files, const Asked& pattern) {
    std::size_t count = 0;
    for (const auto& file : files) {
        const auto json = test::read_case_file(file);
        for (const auto& one : json.at("cases")) {
            auto request = test::request(one.at("request").get<std::string>());
            if (test::is_for(request, pattern)) ++count;
        }
    }
    return count;
}

TEST(Modules, EachHasCasesThatAskIt) {
    for (const Module* module : modules()) {
        EXPECT_GT(asked(test::case_files(module->name), *module), 0u) << module->name << " has no cases";
    }
    for (const Module* module : exports()) {
        const auto pattern = "/api/v1/exports/" + std::string(module->name);
        EXPECT_GT(asked(test::case_files("exports"), pattern), 0u) << "no case exports " << module->name;
    }
}

/// What stands in the API document is what comes back.
TEST(Modules, EachExampleIsLikeAnAnswerOfItsCases) {
    for (const Module* module : modules()) {
        const auto example = http::parse_json(module->example);
        ASSERT_TRUE(example) << module->name;
        const auto shown = module->protocol->answer(*example);
        bool found = false;
        for (const auto& file : test::case_files(module->name)) {
            const auto json = test::read_case_file(file);
            for (const auto& one : json.at("cases")) {
                auto request = test::request(one.at("request").get<std::string>());
                const bool is_answer = test::is_for(request, module->path) && one.at("status") == 200;
                found = found || (is_answer && collector::test::is_like(shown, one.at("reply")));
            }
        }
        EXPECT_TRUE(found) << module->name << ": no case answers like " << shown;
    }
}

}  // namespace
}  // namespace collector::query
