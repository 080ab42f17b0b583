// The proxies' configurations that are shipped, run by the proxies, before a real collector.
#include "tests/packaging/proxy_process.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "support/gzip.hpp"
#include "tests/integration/collector_process.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/tls_client.hpp"

namespace pulsekit {
namespace {

using test::ProxyProcess;
using test::TlsClient;

constexpr std::size_t kMostBytes = 10'485'760;

struct Case {
    const char* name;
    ProxyProcess::Kind kind;
    long version;  ///< that the client asks for

    friend void PrintTo(const Case& which, std::ostream* out) { *out << which.name; }
};

class Proxy : public testing::TestWithParam<Case> {
protected:
    static std::unique_ptr<test::CollectorProcess> start_collector(const std::string& data) {
        ::setenv("PULSE_TRUSTED_PROXIES", "127.0.0.1", 1);
        ::setenv("PULSE_RATE_INGEST", "0", 1);
        auto started = std::make_unique<test::CollectorProcess>(data);
        ::unsetenv("PULSE_TRUSTED_PROXIES");
        ::unsetenv("PULSE_RATE_INGEST");
        return started;
    }

    TlsClient client(const std::string& address = "127.0.0.1") const {
        return TlsClient(proxy.authority(), address, GetParam().version);
    }

    std::vector<std::string> headers(std::vector<std::string> more = {}) const {
        more.push_back("X-Pulse-Key: " + collector->key("PULSE_INGEST_KEY"));
        more.push_back("Content-Type: application/json");
        return more;
    }

    static std::string events(const std::string& id) {
        return R"({"events":[{"event_id":")" + id +
               R"(","project_id":"p","session.id":"s","event.type":"page.view","event.timestamp":"2026-01-15T10:30:00Z","page.path":"/x"}]})";
    }

    test::TemporaryFolder folder;
    std::unique_ptr<test::CollectorProcess> collector = start_collector(folder.file("data"));
    ProxyProcess proxy{GetParam().kind, collector->url().substr(std::string("http://").size())};
};

TEST_P(Proxy, TellsWhoTheClientIsAndBelievesNoClient) {
    const std::string pageview = R"({"type":"pageview","path":"/x"})";
    auto first = client("127.0.0.2");
    auto second = client("127.0.0.3");
    const auto collect = proxy.url() + "/api/collect";
    EXPECT_EQ(first.send("POST", collect, headers({"User-Agent: one"}), pageview).status, 200);
    EXPECT_EQ(second.send("POST", collect, headers({"User-Agent: one"}), pageview).status, 200);
    EXPECT_EQ(collector->ask("stats")["current"]["visitors"], 2);
    // The first again, in disguise.
    for (const char* claim : {"X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 127.0.0.1", "X-Real-IP: 203.0.113.9",
                              "Forwarded: for=203.0.113.9", "X-Forwarded-For: 203.0.113.9, 127.0.0.3"}) {
        EXPECT_EQ(first.send("POST", collect, headers({"User-Agent: one", claim, "CF-IPCountry: DE"}), pageview).status,
                  200);
    }
    const auto stats = collector->ask("stats")["current"];
    EXPECT_EQ(stats["visitors"], 2);
    EXPECT_EQ(stats["pageviews"], 7);
    EXPECT_FALSE(collector->knows_text("DE"));
    // What a trusted one says is heard.
    EXPECT_EQ(test::http("POST", collector->url() + "/api/collect", headers({"CF-IPCountry: FR"}), pageview).status,
              200);
    EXPECT_TRUE(collector->knows_text("FR"));
}

TEST_P(Proxy, PassesBodiesUpToTheCollectorsLimit) {
    auto sender = client();
    auto body = events("large");
    body.insert(body.begin(), kMostBytes - body.size(), ' ');
    EXPECT_EQ(sender.send("POST", proxy.url() + "/v1/events", headers(), body).status, 202);
    EXPECT_EQ(collector->stored_ids().count("large"), 1u);
    body.insert(body.begin(), ' ');
    for (int i = 0; i < 5; ++i) {  // an early answer may be lost by chance
        const auto batch = sender.send("POST", proxy.url() + "/v1/events", headers(), body);
        EXPECT_EQ(batch.status, 400);
        EXPECT_EQ(batch.body, R"({"error":"request body too large"})");
        const auto one = sender.send("POST", proxy.url() + "/api/collect", headers(), body);
        EXPECT_EQ(one.status, 413);
        EXPECT_EQ(one.body.substr(0, 10), R"({"error":")") << one.body;
    }
}

TEST_P(Proxy, PassesGzip) {
    auto sender = client();
    const auto packed = gzip::compress(events("packed"));
    ASSERT_TRUE(packed);
    const auto reply = sender.send("POST", proxy.url() + "/v1/events", headers({"Content-Encoding: gzip"}), *packed);
    EXPECT_EQ(reply.status, 202) << reply.body;
    EXPECT_EQ(collector->stored_ids().count("packed"), 1u);
}

TEST_P(Proxy, KeepsAConnectionAndServesManyAtOnce) {
    constexpr int kClients = 10;
    constexpr int kRequests = 20;
    std::atomic<int> accepted{0};
    std::atomic<int> connects{0};
    std::vector<std::thread> senders;
    for (int c = 0; c < kClients; ++c) {
        senders.emplace_back([&, c] {
            auto sender = client();
            for (int i = 0; i < kRequests; ++i) {
                const auto id = std::to_string(c) + "-" + std::to_string(i);
                try {
                    accepted += sender.send("POST", proxy.url() + "/v1/events", headers(), events(id)).status == 202;
                } catch (const std::runtime_error& failure) { ADD_FAILURE() << failure.what(); }
            }
            connects += sender.connects();
        });
    }
    for (auto& sender : senders) sender.join();
    EXPECT_EQ(accepted, kClients * kRequests);
    EXPECT_EQ(connects, kClients);
    // Behind the proxy, too, connections serve more than one request.
    const test::Metrics metrics(test::http("GET", collector->url() + "/metrics").body);
    EXPECT_GE(metrics.at("pulse_http_requests_total"), kClients * kRequests);
    EXPECT_LT(metrics.at("pulse_http_connections_total"), kClients * kRequests / 2);
    EXPECT_EQ(collector->stored_ids().size(), static_cast<std::size_t>(kClients * kRequests));
}

TEST_P(Proxy, LeavesAnswersAsTheyAreAndHidesWhatIsNotForClients) {
    auto sender = client();
    const auto denied =
        sender.send("POST", proxy.url() + "/v1/events", {"Content-Type: application/json"}, events("x"));
    EXPECT_EQ(denied.status, 401);
    EXPECT_EQ(denied.body, R"({"error":"missing API key"})");
    const auto method = sender.send("DELETE", proxy.url() + "/v1/events");
    EXPECT_EQ(method.status, 405);
    const auto stats = sender.send("GET", proxy.url() + "/api/v1/stats?start_at=2026-01-01",
                                   {"X-Pulse-Key: " + collector->key("PULSE_QUERY_KEY")});
    EXPECT_EQ(stats.status, 200) << stats.body;
    const auto preflight = sender.send("OPTIONS", proxy.url() + "/api/collect", {"Origin: https://shop.example.com"});
    EXPECT_EQ(preflight.status, 204);

    for (const char* path :
         {"/metrics", "/%6detrics", "//metrics", "/x/../metrics", "/./metrics", "/metrics?x", "/api/admin/projects",
          "/api/%61dmin/projects", "//api/admin/projects", "/api//admin/projects", "/api/v1/../admin/projects"}) {
        const auto hidden =
            sender.send("GET", proxy.url() + path, {"Authorization: Bearer " + collector->key("PULSE_ADMIN_TOKEN")});
        EXPECT_EQ(hidden.status, 404) << path;
        EXPECT_EQ(hidden.body, R"({"error":"Not found."})") << path;
    }
}

INSTANTIATE_TEST_SUITE_P(Shipped, Proxy,
                         testing::Values(Case{"nginx", ProxyProcess::Kind::nginx, CURL_HTTP_VERSION_1_1},
                                         Case{"nginx_http2", ProxyProcess::Kind::nginx, CURL_HTTP_VERSION_2TLS},
                                         Case{"caddy", ProxyProcess::Kind::caddy, CURL_HTTP_VERSION_2TLS}),
                         [](const auto& which) { return which.param.name; });

}  // namespace
}  // namespace pulsekit
