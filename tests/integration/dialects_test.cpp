// Five dialects, one collector: what the SDK says in each is what the reports answer.
#include <gtest/gtest.h>

#include <pulsekit/client.hpp>

#include "tests/integration/collector_process.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::CollectorProcess;
using test::http;
using test::HttpReply;

/// Through the gateway, which may take it without a key.
HttpReply track(const std::string& url, std::vector<std::string> headers = {}) {
    headers.emplace_back("Content-Type: application/json");
    return http("POST", url + "/api/v1/pulse/events", headers,
                R"({"name":"page.viewed","properties":{"page":"/dashboard"},"userId":"u"})");
}

std::string modules_of(const CollectorProcess& collector) {
    return collector.url() + "/api/admin/projects/" + collector.key("PULSE_PROJECT") + "/modules";
}
std::vector<std::string> admin_of(const CollectorProcess& collector) {
    return {"Authorization: Bearer " + collector.key("PULSE_ADMIN_TOKEN")};
}

struct Named {
    Dialect dialect;
    const char* name;
};

class EveryDialect : public testing::TestWithParam<Named> {};

TEST_P(EveryDialect, DeliversWhatTheSdkTracked) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    ASSERT_EQ(http("PUT", modules_of(collector), admin_of(collector),
                   R"({"modules":[{"name":"error_tracking","enabled":true},{"name":"webvitals","enabled":true}]})")
                  .status,
              200);
    Options options;
    options.endpoint = collector.url();
    options.api_key = collector.key("PULSE_INGEST_KEY");
    options.app_name = "dialects-test";
    options.app_version = "1.0";
    options.dialect = GetParam().dialect;
    options.storage_dir = folder.file("storage");
    options.retry_base = milliseconds(5);
    options.retry_cap = milliseconds(50);
    options.close_deadline = milliseconds(0);
    auto client = Client::open(std::move(options));
    ASSERT_TRUE(client.ok()) << client.error().message;
    for (int i = 0; i < 3; ++i) client->screen("menu");
    for (int i = 0; i < 2; ++i) client->screen("/shop/items");
    for (int i = 0; i < 10; ++i) client->track("shot", {{"damage", i}});
    client->revenue("purchase", {4.99, "EUR"});
    client->error({"disk full", "IOError", "save.cpp:12"});
    client->performance("LCP", 1234.5);
    ASSERT_TRUE(client->flush(milliseconds(120'000)).ok());

    const auto ledger = client->stats();
    EXPECT_EQ(ledger.delivered, 18u);
    EXPECT_EQ(ledger.dropped_total(), 0u);
    EXPECT_EQ(collector.stored_ids().size(), 18u);
    const auto stats = collector.ask("stats")["current"];
    EXPECT_EQ(stats["pageviews"], 5);
    EXPECT_EQ(stats["visitors"], 1);
    EXPECT_EQ(stats["sessions"], 1);
    const auto pages = collector.ask("pages")["data"];
    ASSERT_EQ(pages.size(), 2u);
    EXPECT_EQ(pages[0]["path"], "/menu");
    EXPECT_EQ(pages[0]["views"], 3);
    EXPECT_EQ(pages[1]["path"], "/shop/items");
    std::map<std::string, int> counts;
    const auto events = collector.ask("events")["data"];
    for (const auto& event : events) counts[event["name"]] = event["count"];
    EXPECT_EQ(counts["shot"], 10);
    EXPECT_EQ(counts["purchase"], 1);
    EXPECT_EQ(counts.count("IOError") + counts.count("error"), 0u) << "an error is no event";
    EXPECT_EQ(counts.count("pulsekit.delivery"), 0u);

    const test::Metrics metrics(http("GET", collector.url() + "/metrics").body);
    const test::Metrics::Labels label = {{"dialect", GetParam().name}};
    EXPECT_GE(metrics.at("pulse_events_stored_total", label), 18);
    EXPECT_EQ(metrics.at("pulse_events_received_total", label), metrics.at("pulse_events_stored_total", label) +
                                                                    metrics.at("pulse_events_duplicate_total", label) +
                                                                    metrics.sum("pulse_events_rejected_total"));
}

INSTANTIATE_TEST_SUITE_P(Sdk, EveryDialect,
                         testing::Values(Named{Dialect::pulse, "pulse"}, Named{Dialect::gateway, "gateway"},
                                         Named{Dialect::analytics, "analytics"},
                                         Named{Dialect::productgraph, "productgraph"},
                                         Named{Dialect::ingest, "ingest"}),
                         [](const auto& named) { return std::string(named.param.name); });

TEST(OneProject, HoldsTheEventsOfAllDialects) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const std::string& key = collector.key("PULSE_INGEST_KEY");
    const auto post = [&](const std::string& path, const std::string& header, const std::string& body) {
        return http("POST", collector.url() + path, {header + key, "Content-Type: application/json"}, body).status;
    };
    EXPECT_EQ(post("/collect", "Authorization: Bearer ",
                   R"({"site_id":"s","event_type":"page_view","timestamp":1703001234567,"session_id":"a",)"
                   R"("url":"https://example.com/home?utm_source=x"})"),
              202);
    EXPECT_EQ(post("/api/v1/pulse/events",
                   "X-API-Key: ", R"({"name":"page.viewed","properties":{"page":"/home"},"sessionId":"b"})"),
              201);
    EXPECT_EQ(post("/api/collect", "X-Pulse-Key: ", R"({"type":"pageview","path":"/home","session_id":"c"})"), 200);
    EXPECT_EQ(post("/v1/events", "X-PG-API-Key: ",
                   R"({"events":[{"event_id":"e","project_id":"p","session.id":"d","event.type":"page.view",)"
                   R"("event.timestamp":"2026-01-15T10:30:00Z","page.path":"/home"}]})"),
              202);
    EXPECT_EQ(
        post("/ingest", "X-API-Key: ",
             R"({"event_id":"f","event_type":"page_view","event_name":"seen","event_time":"2026-01-15T10:30:00Z",)"
             R"("user_id":"u","session_id":"g","page_name":"home"})"),
        200);
    const auto pages = collector.ask("pages")["data"];
    ASSERT_EQ(pages.size(), 1u) << pages.dump();
    EXPECT_EQ(pages[0]["path"], "/home");
    EXPECT_EQ(pages[0]["views"], 5);
    EXPECT_EQ(collector.ask("stats")["current"]["sessions"], 5);
}

TEST(Modules, AreSwitchedWhileEventsCome) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    const auto vital = [&] {
        return http("POST", collector.url() + "/api/collect", {"X-Pulse-Key: " + collector.key("PULSE_INGEST_KEY")},
                    R"({"type":"web_vital","name":"LCP","value":1842.5,"path":"/home"})");
    };
    EXPECT_EQ(vital().body, R"({"error":"Module 'webvitals' is not enabled for this project."})");
    ASSERT_EQ(http("POST", modules_of(collector) + "/webvitals/enable", admin_of(collector)).status, 200);
    EXPECT_EQ(vital().body, R"({"ok":true})");
    ASSERT_EQ(
        http("PUT", modules_of(collector) + "/webvitals/access", admin_of(collector), R"({"access":"read"})").status,
        200);
    EXPECT_EQ(vital().body, R"({"error":"Module 'webvitals' does not allow write access for this project."})");
    EXPECT_EQ(collector.stop(), 0);
    collector.restart();
    EXPECT_EQ(vital().status, 403) << "what was set outlives the process";
}

/// A collector that is not for development.
class Serving {
public:
    explicit Serving(const test::TemporaryFolder& folder)
        : process_({PULSEKIT_COLLECTOR_BINARY, "serve", "--listen", "127.0.0.1:0", "--data", folder.file("data")},
                   folder.file("log")) {
        const auto line = process_.read_line();
        if (!line) throw std::runtime_error("the collector did not start");
        url_ = line->substr(std::string("listening on ").size());
    }

    const std::string& url() const { return url_; }

private:
    test::Process process_;
    std::string url_;
};

TEST(Gateway, IsClosedUnlessItIsOpened) {
    const test::TemporaryFolder folder;
    const Serving collector(folder);
    const auto refused = track(collector.url());
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.body,
              R"({"success":false,"error":{"code":"UNAUTHORIZED","message":"Missing or invalid API key"}})");
}

TEST(Gateway, IsOpenWhileDeveloping) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    EXPECT_EQ(track(collector.url()).status, 201);
    EXPECT_EQ(collector.ask("stats")["current"]["pageviews"], 1) << "in the project of the development keys";
    EXPECT_EQ(track(collector.url(), {"X-API-Key: wrong"}).status, 401);
    EXPECT_EQ(http("POST", collector.url() + "/ingest", {}, "{}").status, 401) << "the other doors are not";
}

TEST(Gateway, CanBeClosedWhileDeveloping) {
    const test::TemporaryFolder folder;
    ::setenv("PULSE_OPEN_GATEWAY", "off", 1);
    const CollectorProcess collector(folder.file("data"));
    ::unsetenv("PULSE_OPEN_GATEWAY");
    EXPECT_EQ(track(collector.url()).status, 401);
}

TEST(Gateway, OpensTheProjectThatIsNamed) {
    const test::TemporaryFolder folder;
    ::setenv("PULSE_OPEN_GATEWAY", "on", 1);
    ::setenv("PULSE_DEFAULT_PROJECT", "intranet", 1);
    for (int start = 0; start < 2; ++start) EXPECT_EQ(track(Serving(folder).url()).status, 201);
    ::unsetenv("PULSE_OPEN_GATEWAY");
    ::unsetenv("PULSE_DEFAULT_PROJECT");
    auto database = sqlite::Database::open(folder.file("data") + "/pulse.sqlite", sqlite::Access::read_only);
    ASSERT_TRUE(database.ok());
    auto projects = database->prepare("SELECT group_concat(name) FROM projects");
    ASSERT_TRUE(projects.ok() && projects->step().ok());
    EXPECT_EQ(projects->text(0), "intranet") << "made once";
}

}  // namespace
}  // namespace pulsekit
