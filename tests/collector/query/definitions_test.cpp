// Runs tests/data/definitions/*.json against a server: requests in order, and what each must be answered.
//
//   key      whose: query (which is the default), ingest, admin, goals (restricted to that module), expired, other (the
//            other project's), or none
//   modules  set before the request: {"funnels": "all"}, or "off"
//   responses  of surveys, taken before the request: [{"survey", "id", "at", "answers", "completed", "path"}]
//   fired    the name of an alert that fires before the request
//   body     the request's, as JSON; text is the same as it stands
//   keep     a name for the id of what the reply shows: from then on `<name>` stands for it, and `<name.token>`
//            for its token
//
// A file may say `loopback_webhooks`: whether alerts may tell this machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <thread>

#include "http/server.hpp"
#include "meta/database.hpp"
#include "query/routes.hpp"
#include "support/time_text.hpp"
#include "tests/collector/query/case_files.hpp"
#include "tests/collector/support/counting_random.hpp"
#include "tests/collector/support/manual_clock.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace collector::query {
namespace {

using http::Json;

class Collector {
public:
    explicit Collector(bool loopback_webhooks = false)
        : reach_(loopback_webhooks ? outbound::Reach::loopback_too : outbound::Reach::public_only) {
        const auto key = [&](const std::string& project, meta::NewKey wanted) {
            wanted.project_id = project;
            wanted.name = "K";
            return catalog_->create_key(wanted).value().secret;
        };
        using meta::Scope;
        const auto other = catalog_->create_project("Other", "other.example").value().id;
        keys_ = {{"query", key(project_, {.scopes = {Scope::query}})},
                 {"ingest", key(project_, {.scopes = {Scope::ingest}})},
                 {"admin", key(project_, {.scopes = {Scope::admin}})},
                 {"goals", key(project_, {.scopes = {Scope::query}, .allowed_modules = {"goals"}})},
                 {"expired", key(project_, {.scopes = {Scope::query}, .expires_ms = 1})},
                 {"other", key(other, {.scopes = {Scope::query}})}};
        for (const auto& id : {project_, other})
            change_modules(id, {{"funnels", "all"},
                                {"goals", "all"},
                                {"ab_testing", "all"},
                                {"alerts", "all"},
                                {"surveys", "all"},
                                {"sharing", "all"}});
        reopen();
    }

    /// As after a restart.
    void reopen() {
        server_.reset();
        definitions_.reset();
        experiments_.reset();
        alerts_.reset();
        surveys_.reset();
        shares_.reset();
        definitions_ = meta::Definitions::open(folder_.file("pulse.sqlite"), clock_, random_).value();
        experiments_ = meta::Experiments::open(folder_.file("pulse.sqlite"), clock_, random_).value();
        alerts_ = meta::Alerts::open(folder_.file("pulse.sqlite"), clock_, random_).value();
        surveys_ = meta::Surveys::open(folder_.file("pulse.sqlite"), clock_, random_).value();
        shares_ = meta::Shares::open(folder_.file("pulse.sqlite"), clock_, random_).value();
        http::Server::Options options;
        options.port = 0;
        const Sources sources{.store = store_,
                              .definitions = *definitions_,
                              .experiments = *experiments_,
                              .surveys = *surveys_,
                              .shares = *shares_,
                              .clock = clock_};
        auto all = routes(access_, sources);
        for (auto& route : alert_routes(access_, sources, *alerts_, reach_)) all.push_back(std::move(route));
        server_ = std::make_unique<http::Server>(std::move(all), options);
        base_ = "http://127.0.0.1:" + std::to_string(server_->start().value());
    }

    pulsekit::test::HttpReply send(const Json& request) {
        std::vector<std::string> headers = {"Expect:"};
        const auto key = request.value("key", "query");
        if (key != "none") headers.push_back("X-Pulse-Key: " + keys_.at(key));
        const auto body = request.contains("body") ? http::to_text(request["body"]) : request.value("text", "");
        return pulsekit::test::http(request.at("method"), base_ + request.at("path").get<std::string>(), headers, body);
    }

    void change_modules(const Json& wanted) { change_modules(project_, wanted); }

    void fire(const std::string& id) {
        auto database = meta::open_database(folder_.file("pulse.sqlite")).value();
        ASSERT_TRUE(meta::note_triggered(database, id, clock_.unix_ms()).ok());
    }

    void respond(const Json& response) {
        const auto recorded =
            surveys_->record({.project_id = project_,
                              .survey_id = response.at("survey"),
                              .event_id = response.at("id"),
                              .answers = http::to_text(response.at("answers")),
                              .completed = response.value("completed", true),
                              .path = response.value("path", ""),
                              .submitted_ms = pulsekit::parse_date_time(response.value("at", "")).value()});
        EXPECT_TRUE(recorded.ok()) << recorded.error().message;
    }

private:
    void change_modules(const std::string& project, const Json& wanted) {
        std::vector<meta::ModuleChange> changes;
        for (const auto& [name, access] : wanted.items()) {
            changes.push_back({.module = model::index_of_module(name),
                               .enabled = access != "off",
                               .access = model::module_access_named(access.get<std::string>())});
        }
        ASSERT_TRUE(catalog_->change_modules(project, changes).ok());
    }

    const outbound::Reach reach_;
    pulsekit::test::TemporaryFolder folder_;
    pulsekit::test::ManualClock clock_{1'774'195'200'000};  // 2026-03-22T16:00:00Z
    pulsekit::test::CountingRandom random_;
    std::unique_ptr<meta::Catalog> catalog_ =
        meta::Catalog::open(folder_.file("pulse.sqlite"), clock_, random_).value();
    const std::string project_ = catalog_->create_project("P", "p.example").value().id;
    meta::Access access_{*catalog_, clock_, meta::RateLimits{.query = 0}};
    collector::test::FakeStore store_;
    std::map<std::string, std::string> keys_;
    std::unique_ptr<meta::Definitions> definitions_;
    std::unique_ptr<meta::Experiments> experiments_;
    std::unique_ptr<meta::Alerts> alerts_;
    std::unique_ptr<meta::Surveys> surveys_;
    std::unique_ptr<meta::Shares> shares_;
    std::unique_ptr<http::Server> server_;
    std::string base_;
};

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(PULSEKIT_TEST_DATA "/definitions")) {
        found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// With the ids that were kept.
Json resolved(const Json& one, const std::map<std::string, std::string>& kept) {
    std::string text = http::to_text(one);
    for (const auto& [name, id] : kept) {
        const auto mark = "<" + name + ">";
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark))
            text.replace(at, mark.size(), id);
    }
    return http::parse_json(text).value();
}

class Definitions : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Definitions, AnswerAsWritten) {
    const auto file = test::read_case_file(GetParam());
    Collector collector(file.value("loopback_webhooks", false));
    std::map<std::string, std::string> kept;
    for (const auto& written : file.at("cases")) {
        const auto request = resolved(written.at("request"), kept);
        SCOPED_TRACE(GetParam().string() + ": " + written.at("about").get<std::string>() + "\n" + request.dump());
        if (written.contains("modules")) collector.change_modules(written["modules"]);
        if (written.contains("fired")) collector.fire(kept.at(written["fired"]));
        if (written.value("restart", false)) collector.reopen();
        for (const auto& response : written.value("responses", Json::array())) {
            collector.respond(resolved(response, kept));
        }
        const auto reply = collector.send(request);
        EXPECT_EQ(reply.status, written.at("status").get<int>()) << reply.body;
        const auto body = http::parse_json(reply.body).value_or(Json());
        if (written.contains("keep") && body.is_object()) {
            const std::string name = written["keep"];
            kept[name] = body.value("id", "");
            kept[name + ".token"] = body.value("token", "");
        }
        if (written.contains("reply")) {
            const auto expected = resolved(written["reply"], kept);
            EXPECT_EQ(body, expected) << Json::diff(expected, body);
        } else {
            EXPECT_EQ(reply.body, "");
        }
        for (const auto& header : written.value("headers", std::vector<std::string>())) {
            EXPECT_NE(reply.head.find(header + "\r\n"), std::string::npos) << reply.head;
        }
    }
}

std::string title(const testing::TestParamInfo<std::filesystem::path>& info) { return info.param.stem().string(); }
INSTANTIATE_TEST_SUITE_P(Files, Definitions, testing::ValuesIn(files()), title);

TEST(DefinitionsTogether, ManyMayDefineAtOnce) {
    Collector collector;
    const Json body = {{"name", "G"}, {"goal_type", "event"}, {"config", {{"event_name", "e"}}}};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 8; ++i) {
                    const auto made = collector.send({{"method", "POST"}, {"path", "/api/v1/goals"}, {"body", body}});
                    EXPECT_EQ(made.status, 201);
                    const auto path = "/api/v1/goals/" + http::parse_json(made.body)->value("id", "");
                    EXPECT_EQ(collector.send({{"method", "GET"}, {"path", path}}).body, made.body);
                    EXPECT_EQ(collector.send({{"method", "DELETE"}, {"path", path}}).status, 204);
                }
            });
        }
    }
    EXPECT_EQ(collector.send({{"method", "GET"}, {"path", "/api/v1/goals"}}).body, R"({"data":[]})");
}

}  // namespace
}  // namespace collector::query
