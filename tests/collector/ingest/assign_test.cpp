// Runs tests/data/assign/*.json against the ingest side of a collector: requests in order, and what each must be
// answered.
//
//   experiments  made before the first request: {"name": {"variants": {"<name>": <weight>}, "status": [...]}}; `<name>`
//                stands for the id
//   modules      set before the request, of all projects: {"ab_testing": "all"}, or "off"
//   move         likewise: {"<name of an experiment>": "<status>"}
//   key          the harness's, or none; ingest is the default
//   body         the request's, as JSON; text is the same as it stands
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "http/json.hpp"
#include "tests/collector/ingest/harness.hpp"

namespace collector::test {
namespace {

using http::Json;
using meta::Experiment;
using pulsekit::test::HttpReply;

class Assigning {
public:
    explicit Assigning(ingest::Settings settings = {}, meta::RateLimits limits = {.ingest = 0})
        : harness_(std::move(settings), limits) {
        set_modules({{"ab_testing", "all"}});
    }

    Harness& harness() { return harness_; }

    void create(const std::string& name, const Json& described) {
        Experiment wanted;
        wanted.project_id = harness_.project();
        wanted.name = name;
        for (const auto& [variant, weight] : described.at("variants").items()) {
            wanted.variants.push_back({.name = variant, .weight = weight.get<double>()});
        }
        ids_[name] = harness_.experiments().create(std::move(wanted)).value().id;
        for (const auto& status : described.value("status", std::vector<std::string>())) move(name, status);
    }

    void move(const std::string& name, const std::string& status) {
        const auto to = meta::experiment_status_named(status).value();
        ASSERT_TRUE(harness_.experiments().change_status(harness_.project(), ids_.at(name), to).ok()) << name;
    }

    void set_modules(const Json& wanted) {
        for (const auto& project : harness_.catalog().projects()) {
            std::vector<meta::ModuleChange> changes;
            for (const auto& [name, access] : wanted.items()) {
                changes.push_back({.module = model::index_of_module(name),
                                   .enabled = access != "off",
                                   .access = model::module_access_named(access.get<std::string>())});
            }
            ASSERT_TRUE(harness_.catalog().change_modules(project.id, changes).ok());
        }
    }

    std::string path_of(const std::string& name) const { return "/api/v1/experiments/" + ids_.at(name) + "/assign"; }

    /// With ids for the names of experiments.
    std::string resolved(std::string text) const {
        for (const auto& [name, id] : ids_) {
            const auto mark = "<" + name + ">";
            for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
                text.replace(at, mark.size(), id);
            }
        }
        return text;
    }

    HttpReply post(const std::string& path, const std::string& body = {}, std::vector<std::string> headers = {}) const {
        headers.push_back("X-Pulse-Key: " + harness_.key("ingest"));
        return pulsekit::test::http("POST", harness_.base() + path, headers, body);
    }

    std::string variant(const std::string& name, const std::string& visitor) const {
        const auto reply = post(path_of(name), http::to_text(Json{{"visitor_id", visitor}}));
        return http::parse_json(reply.body).value_or(Json::object()).value("variant", reply.body);
    }

    std::vector<meta::Assignment> assignments(const std::string& name) {
        const auto experiment = harness_.experiments().find(harness_.project(), ids_.at(name)).value();
        constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
        return harness_.experiments().assignments(experiment, 0, kMax).value();
    }

private:
    Harness harness_;
    std::map<std::string, std::string> ids_;
};

/// A running experiment of two variants.
Json halves() { return {{"variants", {{"A", 50}, {"B", 50}}}, {"status", Json::array({"running"})}}; }

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(PULSEKIT_TEST_DATA "/assign")) {
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

class Assign : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Assign, AnswersAsWritten) {
    std::ifstream in(GetParam());
    const auto file = http::parse_json(std::string((std::istreambuf_iterator<char>(in)), {})).value();
    Assigning collector;
    for (const auto& [name, described] : file.at("experiments").items()) collector.create(name, described);
    for (const auto& written : file.at("cases")) {
        const auto one = http::parse_json(collector.resolved(http::to_text(written))).value();
        SCOPED_TRACE(GetParam().string() + ": " + one.at("about").get<std::string>());
        if (one.contains("modules")) collector.set_modules(one["modules"]);
        const auto moves = one.value("move", Json::object());  // outlives the loop over it
        for (const auto& [name, status] : moves.items()) collector.move(name, status);
        std::vector<std::string> headers = one.value("headers", std::vector<std::string>());
        const auto key = one.value("key", "ingest");
        if (key != "none") headers.push_back("X-Pulse-Key: " + collector.harness().key(key));
        const auto body = one.contains("body") ? http::to_text(one["body"]) : one.value("text", "");
        const auto reply = pulsekit::test::http(
            one.value("method", "POST"), collector.harness().base() + one.at("path").get<std::string>(), headers, body);
        EXPECT_EQ(reply.status, one.at("status").get<int>());
        if (one.contains("reply")) { EXPECT_EQ(http::parse_json(reply.body).value_or(Json()), one["reply"]); }
        if (reply.status < 300) {
            EXPECT_NE(reply.head.find("Access-Control-Allow-Origin: *\r\n"), std::string::npos) << reply.head;
        }
    }
}

std::string title(const testing::TestParamInfo<std::filesystem::path>& info) { return info.param.stem().string(); }
INSTANTIATE_TEST_SUITE_P(Files, Assign, testing::ValuesIn(files()), title);

/// Of the same client: its address, as far as it is known, and its user agent.
TEST(AssignVisitor, WithoutOneItIsThatOfTheSendersEvents) {
    Assigning collector({.trusted_proxies = ingest::TrustedProxies::parse({"127.0.0.1"}).value(), .salt_hours = 24});
    collector.create("E", halves());
    const std::vector<std::string> client = {"X-Forwarded-For: 9.9.9.9", "User-Agent: Agent/1"};
    const auto first = collector.post(collector.path_of("E"), "", client);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(collector.post(collector.path_of("E"), "{}", client).body, first.body);
    EXPECT_EQ(collector.post("/api/collect", R"({"type":"pageview","path":"/"})", client).status, 200);
    const auto assigned = collector.assignments("E");
    ASSERT_EQ(assigned.size(), 1u);
    EXPECT_EQ(assigned[0].visitor_id, collector.harness().store().events().back().visitor_id);
    EXPECT_EQ(assigned[0].assigned_ms, kNow);
    collector.post(collector.path_of("E"), "", {"X-Forwarded-For: 9.9.9.9", "User-Agent: Agent/2"});
    EXPECT_EQ(collector.assignments("E").size(), 2u);
    collector.harness().clock().advance(std::chrono::hours(24));
    collector.post(collector.path_of("E"), "", client);
    EXPECT_EQ(collector.assignments("E").size(), 3u) << "the salt changed, and with it the visitor";
}

TEST(AssignTogether, FirstCallsOfAVisitorAgree) {
    constexpr int kThreads = 8;
    constexpr int kVisitors = 25;
    Assigning collector;
    collector.create("E", halves());
    std::vector<std::vector<std::string>> told(kThreads);
    {
        std::vector<std::jthread> threads;
        for (auto& variants : told) {
            threads.emplace_back([&collector, &variants] {
                for (int v = 0; v < kVisitors; ++v) variants.push_back(collector.variant("E", "v" + std::to_string(v)));
            });
        }
    }
    for (const auto& variants : told) EXPECT_EQ(variants, told[0]);
    const auto assigned = collector.assignments("E");
    EXPECT_EQ(assigned.size(), static_cast<std::size_t>(kVisitors));
    for (const auto& one : assigned) {
        const auto visitor = std::stoul(one.visitor_id.substr(1));
        EXPECT_EQ(told[0][visitor], one.variant == 0 ? "A" : "B") << one.visitor_id;
    }
}

TEST(AssignRate, IsThatOfEvents) {
    Assigning collector({}, {.ingest = 2});
    collector.create("E", halves());
    EXPECT_EQ(collector.post(collector.path_of("E")).status, 200);
    EXPECT_EQ(collector.post("/api/collect", R"({"type":"pageview","path":"/"})").status, 200);
    const auto reply = collector.post(collector.path_of("E"));
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.body, R"({"error":"Rate limit exceeded. Retry after 1 second."})");
    EXPECT_NE(reply.head.find("Retry-After: 1\r\n"), std::string::npos) << reply.head;
}

}  // namespace
}  // namespace collector::test
