// The collector as its operator meets it.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/integration/collector_process.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using test::CollectorProcess;
using test::http;
using test::Process;

struct Run {
    int status;
    std::string output;
    std::string errors;
};

Run run(std::vector<std::string> arguments) {
    const test::TemporaryFolder folder;
    arguments.insert(arguments.begin(), PULSEKIT_COLLECTOR_BINARY);
    Process process(arguments, folder.file("errors"));
    Run result;
    for (const auto& line : process.read_lines()) result.output += line + "\n";
    result.status = process.wait();
    std::ifstream file(folder.file("errors"));
    result.errors.assign(std::istreambuf_iterator<char>(file), {});
    return result;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string event(const std::string& id) {
    return R"({"events":[{"event_id":")" + id +
           R"(","project_id":"p","session.id":"s","event.type":"page.view","event.timestamp":"2026-01-15T10:30:00Z","page.path":"/x"}]})";
}

std::vector<std::string> ingest_headers(const CollectorProcess& collector) {
    return {"X-PG-API-Key: " + collector.key("PULSE_INGEST_KEY"), "Content-Type: application/json"};
}

TEST(Collector, EveryVerbHasHelpAndBadUsageIsExplained) {
    EXPECT_EQ(run({"--version"}).output.substr(0, 16), "pulse-collector ");
    EXPECT_TRUE(contains(run({"--help"}).output, "pulse-collector serve"));
    for (const char* verb : {"serve", "check", "backup"}) {
        const auto help = run({verb, "--help"});
        EXPECT_EQ(help.status, 0);
        EXPECT_TRUE(contains(help.output, "--data DIR")) << verb;
    }
    EXPECT_EQ(run({}).status, 2);
    EXPECT_EQ(run({"dance"}).status, 2);
    EXPECT_TRUE(contains(run({"serve", "--colour", "red"}).errors, "unknown argument '--colour'"));
    EXPECT_TRUE(contains(run({"serve", "--listen", "nowhere"}).errors, "must be HOST:PORT"));
    EXPECT_TRUE(contains(run({"check"}).errors, "--data is required"));
    EXPECT_EQ(run({"check", "--data", "/nonexistent"}).status, 1);
    EXPECT_EQ(run({"check", "--data=/nonexistent"}).status, 1);
    EXPECT_EQ(run({"check", "--data"}).status, 2);
    EXPECT_EQ(run({"backup", "--data", "/nonexistent"}).status, 2);
    EXPECT_EQ(run({"backup", "--data", "/nonexistent", "--to", "/nonexistent/copy"}).status, 1);
    EXPECT_EQ(run({"check", "--data", "/nonexistent", "--fix"}).status, 2);
    EXPECT_EQ(run({"serve", "--listen", "nowhere"}).status, 2);
    EXPECT_EQ(run({"serve", "--config", "/nonexistent.toml"}).status, 2);
}

TEST(Collector, FlagsBeatTheEnvironmentAndTheEnvironmentBeatsTheFile) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("c.toml")) << "listen = \"nonsense from the file\"\n";
    EXPECT_TRUE(contains(run({"serve", "--config", folder.file("c.toml")}).errors, "nonsense from the file"));
    ::setenv("PULSE_LISTEN", "nonsense from the environment", 1);
    std::ofstream(folder.file("good.toml")) << "listen = \"127.0.0.1:0\"\n[rate]\ningest = 7\n";
    EXPECT_TRUE(contains(run({"serve", "--config", folder.file("good.toml")}).errors, "nonsense from the environment"));
    EXPECT_TRUE(contains(run({"serve", "--listen", "nonsense from the flag"}).errors, "nonsense from the environment"));
    ::setenv("PULSE_LISTEN", "127.0.0.1:0", 1);
    EXPECT_TRUE(contains(run({"serve", "--listen", "nonsense from the flag"}).errors, "nonsense from the flag"));
    ::unsetenv("PULSE_LISTEN");
    std::ofstream(folder.file("typo.toml")) << "lisen = \"127.0.0.1:0\"\n";
    EXPECT_TRUE(contains(run({"serve", "--config", folder.file("typo.toml")}).errors, "unknown setting 'lisen'"));
    std::ofstream(folder.file("broken.toml")) << "listen = \n";
    EXPECT_TRUE(contains(run({"serve", "--config", folder.file("broken.toml")}).errors, "broken.toml:1:"));
}

TEST(Collector, DevelopmentIsForLoopbackAndKeepsItsKeys) {
    const test::TemporaryFolder folder;
    const auto refused = run({"serve", "--dev", "--listen", "0.0.0.0:0", "--data", folder.file("data")});
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.errors, "loopback only"));
    CollectorProcess collector(folder.file("data"));
    const auto key = collector.key("PULSE_INGEST_KEY");
    for (const char* file : {"/dev.env", "/pulse.sqlite"}) {
        struct stat status {};
        ASSERT_EQ(::stat((folder.file("data") + file).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u) << file;
    }
    EXPECT_EQ(collector.stop(), 0);
    collector.restart();
    EXPECT_EQ(collector.key("PULSE_INGEST_KEY"), key);
    EXPECT_EQ(http("POST", collector.url() + "/v1/events", ingest_headers(collector), event("e1")).status, 202);
}

TEST(Collector, ASecondOneOnTheSameDataIsRefused) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const auto second = run({"serve", "--listen", "127.0.0.1:0", "--data", folder.file("data")});
    EXPECT_EQ(second.status, 1);
    EXPECT_TRUE(contains(second.errors, "in use by another collector")) << second.errors;
}

TEST(Collector, AStoreThatThisBuildLacksIsRefused) {
    const test::TemporaryFolder folder;
    ::setenv("PULSE_STORE", "clickhouse", 1);
    const auto refused = run({"serve", "--listen", "127.0.0.1:0", "--data", folder.file("data")});
    ::unsetenv("PULSE_STORE");
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(contains(refused.errors, "unknown store 'clickhouse'")) << refused.errors;
}

TEST(Collector, SigtermAnswersWhatWasAcceptedAndExitsWithZero) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    std::atomic<int> acknowledged{0};
    std::atomic<bool> stopped{false};
    std::vector<std::thread> senders;
    for (int t = 0; t < 4; ++t) {
        senders.emplace_back([&, t] {
            for (int i = 0; !stopped; ++i) {
                try {
                    const auto id = std::to_string(t) + "-" + std::to_string(i);
                    const auto reply =
                        http("POST", collector.url() + "/v1/events", ingest_headers(collector), event(id));
                    if (reply.status == 202) ++acknowledged;
                } catch (const std::runtime_error&) {
                    return;  // the door is closed
                }
            }
        });
    }
    while (acknowledged < 50) std::this_thread::yield();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(collector.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    stopped = true;
    for (auto& sender : senders) sender.join();
    EXPECT_GE(collector.stored_ids().size(), static_cast<std::size_t>(acknowledged));
}

TEST(Collector, SigtermWaitsForARequestThatIsHalfWay) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    const auto body = event("half-way");
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(collector.url().substr(collector.url().rfind(':') + 1))));
    ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string request =
        "POST /v1/events HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nX-PG-API-Key: " +
        collector.key("PULSE_INGEST_KEY") + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto half = request.size() - body.size() / 2;
    ASSERT_EQ(::send(fd, request.data(), half, MSG_NOSIGNAL), static_cast<ssize_t>(half));
    // What arrived before this request was read before it is answered.
    ASSERT_EQ(http("GET", collector.url() + "/health").status, 200);
    collector.signal_stop();
    ASSERT_EQ(::send(fd, request.data() + half, request.size() - half, MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size() - half));
    std::string reply;
    char chunk[4096];
    for (ssize_t n = 0; (n = ::recv(fd, chunk, sizeof chunk, 0)) > 0;) reply.append(chunk, static_cast<std::size_t>(n));
    ::close(fd);
    EXPECT_EQ(reply.substr(0, 12), "HTTP/1.1 202") << reply;
    EXPECT_EQ(collector.wait(), 0);
    EXPECT_EQ(collector.stored_ids().count("half-way"), 1u);
}

TEST(Collector, BackupWhileItRunsThenCheckAndRestore) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    ASSERT_EQ(http("POST", collector.url() + "/v1/events", ingest_headers(collector), event("before")).status, 202);
    const auto backup = run({"backup", "--data", folder.file("data"), "--to", folder.file("copy.sqlite")});
    ASSERT_EQ(backup.status, 0) << backup.errors;
    EXPECT_EQ(run({"backup", "--data", folder.file("data"), "--to", folder.file("copy.sqlite")}).status, 1);
    EXPECT_EQ(run({"check", "--data", folder.file("data")}).output, "no damage found\n");
    std::filesystem::create_directory(folder.file("restored"));
    std::filesystem::rename(folder.file("copy.sqlite"), folder.file("restored") + "/pulse.sqlite");
    const CollectorProcess restored(folder.file("restored"));
    EXPECT_EQ(restored.stored_ids().count("before"), 1u);
    // The keys came along.
    EXPECT_EQ(http("POST", restored.url() + "/v1/events", ingest_headers(collector), event("after")).status, 202);
}

TEST(Collector, CheckFindsDamage) {
    const test::TemporaryFolder folder;
    {
        CollectorProcess collector(folder.file("data"));
        for (int i = 0; i < 200; ++i) {
            ASSERT_EQ(
                http("POST", collector.url() + "/v1/events", ingest_headers(collector), event("e" + std::to_string(i)))
                    .status,
                202);
        }
        ASSERT_EQ(collector.stop(), 0);
    }
    const std::string path = folder.file("data") + "/pulse.sqlite";
    const auto size = std::filesystem::file_size(path);
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
        file << std::string(4096, '\x7f');
    }
    const auto check = run({"check", "--data", folder.file("data")});
    EXPECT_EQ(check.status, 1) << check.output;
}

TEST(Collector, EveryServedRouteIsInTheApiDocument) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const auto document = nlohmann::json::parse(http("GET", collector.url() + "/api/openapi.json").body);
    for (const char* path : {"/v1/events", "/api/collect", "/api/v1/stats", "/api/v1/stats/timeseries", "/api/v1/pages",
                             "/api/v1/events", "/api/v1/realtime", "/api/admin/projects",
                             "/api/admin/projects/{id}/keys/{key_id}", "/health", "/ready", "/metrics"}) {
        EXPECT_TRUE(document["paths"].contains(path)) << path;
    }
    EXPECT_TRUE(contains(http("GET", collector.url() + "/api/docs").body, "/api/v1/stats/timeseries"));
}

TEST(Collector, TellsItsSupervisorWhenItServesAndWhenItStops) {
    const test::TemporaryFolder folder;
    // One in the file system, and one with a name alone: systemd uses either.
    for (const auto& name : {folder.file("notify"), "@" + folder.file("abstract")}) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy(name.begin(), name.end(), address.sun_path);
        if (name[0] == '@') address.sun_path[0] = '\0';
        const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const timeval patience{.tv_sec = 60, .tv_usec = 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address),
                         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
                  0);
        const auto told = [fd] {
            char message[256];
            const auto n = ::recv(fd, message, sizeof message, 0);
            return std::string(message, n > 0 ? static_cast<std::size_t>(n) : 0);
        };
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
        CollectorProcess collector(folder.file("data"));
        ::unsetenv("NOTIFY_SOCKET");
        EXPECT_EQ(told(), "READY=1");
        EXPECT_EQ(http("GET", collector.url() + "/health").status, 200);
        EXPECT_EQ(collector.stop(), 0);
        EXPECT_EQ(told(), "STOPPING=1");
        ::close(fd);
    }
}

TEST(Collector, ReportsAreForQueryKeysWithinTheirLimits) {
    const test::TemporaryFolder folder;
    ::setenv("PULSE_RATE_QUERY", "3", 1);
    const CollectorProcess collector(folder.file("data"));
    ::unsetenv("PULSE_RATE_QUERY");
    const auto stats = collector.url() + "/api/v1/stats";
    const auto missing = http("GET", stats);
    EXPECT_EQ(missing.status, 401);
    EXPECT_EQ(missing.body,
              R"({"error":"Missing API key. Provide it via X-Pulse-Key header or ?key= query parameter."})");
    EXPECT_EQ(http("GET", stats + "?key=wrong").body, R"({"error":"Invalid API key."})");
    const auto scope = http("GET", stats, {"X-Pulse-Key: " + collector.key("PULSE_INGEST_KEY")});
    EXPECT_EQ(scope.status, 403);
    EXPECT_EQ(scope.body, R"({"error":"API key does not have the required 'query' scope for this endpoint."})");
    int served = 0;
    int limited = 0;
    for (int i = 0; i < 20; ++i) {
        const auto reply = http("GET", stats + "?key=" + collector.key("PULSE_QUERY_KEY"));
        served += reply.status == 200;
        if (reply.status == 429) {
            ++limited;
            EXPECT_TRUE(contains(reply.head, "Retry-After: 1"));
            EXPECT_TRUE(contains(reply.head, "Access-Control-Allow-Origin: *"));
        }
    }
    EXPECT_GE(served, 3);
    EXPECT_GE(limited, 1);
}

TEST(Collector, AKeyMayBeRestrictedToModules) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const std::string keys = collector.url() + "/api/admin/projects/" + collector.key("PULSE_PROJECT") + "/keys";
    const auto created = http("POST", keys, {"Authorization: Bearer " + collector.key("PULSE_ADMIN_TOKEN")},
                              R"({"name":"only pages","scopes":["query"],"allowed_modules":["pageviews"]})");
    ASSERT_EQ(created.status, 201) << created.body;
    const std::string key = nlohmann::json::parse(created.body)["key"];
    EXPECT_EQ(http("GET", collector.url() + "/api/v1/stats", {"X-Pulse-Key: " + key}).status, 200);
    const auto refused = http("GET", collector.url() + "/api/v1/events", {"X-Pulse-Key: " + key});
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.body, R"({"error":"API key is not allowed to access module 'events'."})");
}

TEST(Collector, MetricsBalance) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    for (const char* id : {"a", "b", "a"})
        http("POST", collector.url() + "/v1/events", ingest_headers(collector), event(id));
    http("POST", collector.url() + "/v1/events", ingest_headers(collector), "{");
    const test::Metrics metrics(http("GET", collector.url() + "/metrics").body);
    const test::Metrics::Labels dialect = {{"dialect", "productgraph"}};
    EXPECT_EQ(metrics.at("pulse_events_received_total", dialect), 4);
    EXPECT_EQ(metrics.at("pulse_events_stored_total", dialect), 2);
    EXPECT_EQ(metrics.at("pulse_events_duplicate_total", dialect), 1);
    EXPECT_EQ(metrics.at("pulse_events_rejected_total", {{"dialect", "productgraph"}, {"reason", "json"}}), 1);
    EXPECT_EQ(metrics.sum("pulse_events_rejected_total"), 1);
    EXPECT_GT(metrics.at("pulse_data_bytes"), 0);
}

TEST(Collector, MetricsAreNotForThoseBehindAProxy) {
    const test::TemporaryFolder folder;
    const CollectorProcess collector(folder.file("data"));
    const std::string metrics = collector.url() + "/metrics";
    EXPECT_EQ(http("GET", metrics).status, 200);
    EXPECT_EQ(http("GET", metrics, {"X-Forwarded-For: 203.0.113.9"}).status, 401);
    EXPECT_EQ(http("GET", metrics,
                   {"X-Forwarded-For: 203.0.113.9", "Authorization: Bearer " + collector.key("PULSE_ADMIN_TOKEN")})
                  .status,
              200);
}

TEST(Collector, ImportedKeysOfOtherShapesWork) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("c.toml"))
        << "[[keys]]\nkey = \"pulse_prod_0123456789\"\nproject = \"legacy\"\nscopes = [\"ingest\"]\n";
    for (int start = 0; start < 2; ++start) {
        Process process({PULSEKIT_COLLECTOR_BINARY, "serve", "--listen", "127.0.0.1:0", "--data", folder.file("data"),
                         "--config", folder.file("c.toml")},
                        folder.file("log"));
        const auto line = process.read_line();
        ASSERT_TRUE(line);
        const auto reply = http("POST", line->substr(13) + "/v1/events",
                                {"X-PG-API-Key: pulse_prod_0123456789", "Content-Type: application/json"}, event("e"));
        EXPECT_EQ(reply.status, 202);
        process.signal(SIGTERM);
        EXPECT_EQ(process.wait(), 0);
    }
}

}  // namespace
}  // namespace pulsekit
