// The whole SDK against a real socket.
#include <pulsekit/client.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "src/files.hpp"
#include "src/ring.hpp"
#include "support/gzip.hpp"
#include "tests/support/records.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::ScriptedServer;

/// A collector that notes the ids it has acknowledged.
class Sink {
public:
    ScriptedServer::Reply take(const ScriptedServer::Received& received) {
        const auto ids = ids_of(received);
        const std::lock_guard lock(mutex_);
        for (const auto& id : ids) ids_.insert(id);
        return ScriptedServer::answer(202,
                                      "{\"accepted\":" + std::to_string(ids.size()) + ",\"rejected\":0,\"errors\":[]}");
    }
    static std::vector<std::string> ids_of(const ScriptedServer::Received& received) {
        const bool packed = received.head.find("Content-Encoding: gzip") != std::string::npos;
        const std::string body = packed ? *gzip::inflate(received.body, 100'000'000) : received.body;
        static const std::string kMember = "{\"event_id\":\"";
        std::vector<std::string> ids;
        for (auto at = body.find(kMember); at != std::string::npos; at = body.find(kMember, at + 1)) {
            ids.push_back(body.substr(at + kMember.size(), 36));
        }
        return ids;
    }
    std::set<std::string> ids() const {
        const std::lock_guard lock(mutex_);
        return ids_;
    }

private:
    mutable std::mutex mutex_;
    std::set<std::string> ids_;
};

class ClientTest : public testing::Test {
protected:
    Options options(const std::string& endpoint) {
        Options made;
        made.endpoint = endpoint;
        made.api_key = "key";
        made.app_name = "client-test";
        made.report_delivery = false;
        made.storage_dir = folder_.file("storage");
        made.flush_interval = milliseconds(20);
        made.retry_base = milliseconds(1);
        made.retry_cap = milliseconds(20);
        made.close_deadline = milliseconds(0);
        made.on_diagnostic = [this](const Diagnostic& diagnostic) {
            const std::lock_guard lock(mutex_);
            diagnostics_.push_back(diagnostic.message);
        };
        return made;
    }
    Client open(Options given) {
        auto client = Client::open(std::move(given));
        EXPECT_TRUE(client.ok()) << client.error().message;
        return std::move(*client);
    }
    std::string diagnostics() {
        const std::lock_guard lock(mutex_);
        std::string all;
        for (const auto& line : diagnostics_) all += line + "\n";
        return all;
    }
    static void expect_balanced(const Stats& stats) {
        EXPECT_EQ(stats.accepted, stats.delivered + stats.queued + stats.dropped_total());
    }
    test::TemporaryFolder folder_;
    std::mutex mutex_;
    std::vector<std::string> diagnostics_;
};

TEST_F(ClientTest, DeliversWhatSeveralThreadsTrack) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto client = open(options(server.url()));
    std::mutex mutex;
    std::set<std::string> tracked;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 500; ++i) {
                const auto one = client.track("shot", {{"thread", t}, {"number", i}});
                ASSERT_TRUE(one);
                const std::lock_guard lock(mutex);
                tracked.insert(one.id_text());
            }
        });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
    EXPECT_EQ(sink.ids(), tracked);
    const Stats stats = client.stats();
    EXPECT_EQ(stats.accepted, 2'000u);
    EXPECT_EQ(stats.delivered, 2'000u);
    EXPECT_EQ(stats.queued, 0u);
}

TEST_F(ClientTest, SendsByItselfAfterTheFlushInterval) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto client = open(options(server.url()));
    client.track("one");
    while (client.stats().delivered == 0) std::this_thread::yield();
    EXPECT_EQ(sink.ids().size(), 1u);
}

TEST_F(ClientTest, UnreachableForAWholeLifeThenDeliveredByTheNext) {
    std::set<std::string> tracked;
    {
        auto client = open(options("http://127.0.0.1:9"));  // the discard port: refused
        for (int i = 0; i < 500; ++i) tracked.insert(client.track("offline", {{"i", i}}).id_text());
        const auto start = std::chrono::steady_clock::now();
        const auto closed = client.close(milliseconds(2'000));
        EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2'500));
        ASSERT_FALSE(closed.ok());
        EXPECT_NE(closed.error().message.find("500 events are kept for the next start"), std::string::npos)
            << closed.error().message;
        EXPECT_EQ(client.track("late").refusal, Refusal::closed);
    }
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto client = open(options(server.url()));
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
    EXPECT_EQ(sink.ids(), tracked);
    EXPECT_EQ(client.stats().accepted, 500u);
    EXPECT_EQ(client.stats().delivered, 500u);
}

TEST_F(ClientTest, FlushWaitsAlsoForWhatADeadProcessLeftInItsJournals) {
    constexpr int kRings = 3;
    constexpr int kRecords = 60;
    for (int r = 0; r < kRings; ++r) {
        const std::string directory = folder_.file("storage/0/journal");
        std::filesystem::create_directories(directory);
        auto ring =
            Ring::create(directory + "/" + std::to_string(r) + ".ring", 256 * 1024, static_cast<std::uint64_t>(r + 1));
        ASSERT_TRUE(ring.ok());
        for (int i = 0; i < kRecords; ++i) {
            const std::string record = test::record("left", static_cast<std::uint8_t>(r * kRecords + i + 1));
            char* room = (*ring)->reserve(static_cast<std::uint32_t>(record.size()));
            ASSERT_TRUE(room);
            std::memcpy(room, record.data(), record.size());
            (*ring)->commit(static_cast<std::uint32_t>(record.size()));
        }
    }
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto given = options(server.url());
    given.max_batch_events = 7;  // many requests: an early return would show
    auto client = open(std::move(given));
    ASSERT_TRUE(client.track("new"));
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
    EXPECT_EQ(sink.ids().size(), static_cast<std::size_t>(kRings * kRecords + 1));
    EXPECT_EQ(client.stats().delivered, static_cast<std::uint64_t>(kRings * kRecords + 1));
}

TEST_F(ClientTest, AHangingCollectorHoldsNeitherTheCallerNorTheExit) {
    ScriptedServer server([](std::size_t, const auto&) { return ScriptedServer::Reply{"", false, false, true}; });
    auto client = open(options(server.url()));
    client.track("one");
    while (server.count() == 0) std::this_thread::yield();
    // While the request hangs, events still move from the journal to the queue: far more than the rings hold.
    Options defaults;
    const std::string text(1'000, 'x');
    for (int i = 0; i < 3'000; ++i) {
        while (!client.track("while_hanging", {{"text", text}})) std::this_thread::yield();
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(client.close(milliseconds(200)).ok());
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_LT(took, milliseconds(2'000));  // generous: the machine may be busy
    expect_balanced(client.stats());
    EXPECT_GE(client.stats().queued, 3'001u);
}

struct Mishap {
    const char* what;
    ScriptedServer::Reply reply;
};

class MishapTest : public ClientTest, public testing::WithParamInterface<int> {};

// Each of these happens to the first three requests; afterwards everything is there, exactly once.
TEST_P(MishapTest, IsSurvivedWithoutLoss) {
    const Mishap mishaps[] = {
        {"429", ScriptedServer::answer(429, "{}", "Retry-After: 0\r\n")},
        {"500", ScriptedServer::answer(500, "oops")},
        {"503", ScriptedServer::answer(503, "{\"error\":\"service unavailable\"}", "Retry-After: 0\r\n")},
        {"reset", {"", true, false, false}},
        {"closed without an answer", {"", false, true, false}},
        {"truncated", {"HTTP/1.1 202 Accepted\r\nContent-Length: 40\r\n\r\n{\"accepted\":", false, true, false}},
        {"a cut head", {"HTTP/1.1 202 Acc", false, true, false}},
        {"not HTTP", {"SSH-2.0-OpenSSH_9.2\r\n", false, true, false}},
        {"a captive portal", ScriptedServer::answer(200, "<html>please log in</html>")},
    };
    const Mishap& mishap = mishaps[GetParam()];
    SCOPED_TRACE(mishap.what);
    Sink sink;
    ScriptedServer server(
        [&](std::size_t number, const auto& received) { return number < 3 ? mishap.reply : sink.take(received); });
    auto client = open(options(server.url()));
    std::set<std::string> tracked;
    for (int i = 0; i < 50; ++i) tracked.insert(client.track("event", {{"i", i}}).id_text());
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok()) << diagnostics();
    EXPECT_EQ(sink.ids(), tracked);
    EXPECT_GE(server.count(), 4u);
    EXPECT_EQ(client.stats().delivered, 50u);
    EXPECT_EQ(client.stats().dropped_total(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Each, MishapTest, testing::Range(0, 9));

TEST_F(ClientTest, TooMuchAtOnceIsSentInPartsAndAPoisonousEventAlone) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) {
        const auto ids = Sink::ids_of(received);
        if (ids.size() > 30) return ScriptedServer::answer(413, "");
        const bool packed = received.head.find("Content-Encoding: gzip") != std::string::npos;
        const std::string body = packed ? *gzip::inflate(received.body, 1'000'000) : received.body;
        if (body.find("poison") != std::string::npos)
            return ScriptedServer::answer(400, "{\"error\":\"invalid JSON\"}");
        return sink.take(received);
    });
    auto given = options(server.url());
    std::vector<std::string> rejected;
    given.on_rejected = [&](const Rejection& rejection) {
        rejected.push_back(rejection.name + ": " + rejection.message);
    };
    auto client = open(std::move(given));
    for (int i = 0; i < 100; ++i) client.track(i == 37 ? "poison" : "fine");
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok()) << diagnostics();
    EXPECT_EQ(sink.ids().size(), 99u);
    EXPECT_EQ(client.stats().dropped.at("rejected"), 1u);
    ASSERT_TRUE(client.close(milliseconds(1'000)).ok());
    ASSERT_EQ(rejected.size(), 1u);
    EXPECT_EQ(rejected[0], "poison: HTTP 400: {\"error\":\"invalid JSON\"}");
}

TEST_F(ClientTest, AHangEndsWithTheRequestTimeout) {
    Sink sink;
    ScriptedServer server([&](std::size_t number, const auto& received) {
        return number == 0 ? ScriptedServer::Reply{"", false, false, true} : sink.take(received);
    });
    auto given = options(server.url());
    given.request_timeout = milliseconds(100);
    auto client = open(std::move(given));
    client.track("one");
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
    EXPECT_EQ(sink.ids().size(), 1u);
}

TEST_F(ClientTest, ARefusedKeyIsToldAndNothingIsLost) {
    ScriptedServer server(
        [](std::size_t, const auto&) { return ScriptedServer::answer(401, "{\"error\":\"invalid API key\"}"); });
    auto client = open(options(server.url()));
    client.track("one");
    const auto flushed = client.flush(milliseconds(300));
    ASSERT_FALSE(flushed.ok());
    EXPECT_NE(flushed.error().message.find("invalid API key"), std::string::npos) << flushed.error().message;
    EXPECT_EQ(client.stats().queued, 1u);
    EXPECT_EQ(server.count(), 1u);
}

TEST_F(ClientTest, BadEventsAreRefusedAtTheCall) {
    auto client = open(options("http://127.0.0.1:9"));
    EXPECT_EQ(client.track("").refusal, Refusal::invalid);
    EXPECT_EQ(client.track(std::string(256, 'x')).refusal, Refusal::invalid);
    EXPECT_TRUE(client.track(std::string(255, 'x')));
    EXPECT_EQ(client.track("x", {{"", 1}}).refusal, Refusal::invalid);
    EXPECT_EQ(client.track("x", {{std::string(256, 'k'), 1}}).refusal, Refusal::invalid);
    const std::string large(100 * 1024, 'x');
    EXPECT_EQ(client.track("x", {{"text", large}}).refusal, Refusal::too_large);
    EXPECT_EQ(client.track("x", Properties().set("text", large)).refusal, Refusal::too_large);
    EXPECT_EQ(client.track("x", Properties().set("", 1)).refusal, Refusal::invalid);
    EXPECT_EQ(client.identify(std::string(256, 'u')).refusal, Refusal::invalid);
    EXPECT_EQ(client.stats().accepted, 1u);
}

TEST_F(ClientTest, OptionsThatCannotWorkAreRefused) {
    const auto code = [](Options given) { return Client::open(std::move(given)).error().code; };
    EXPECT_EQ(code({}), ErrorCode::invalid);
    auto no_scheme = options("collector.example");
    EXPECT_EQ(code(std::move(no_scheme)), ErrorCode::invalid);
    auto batch = options("http://x");
    batch.max_batch_events = 1'001;
    EXPECT_EQ(code(std::move(batch)), ErrorCode::invalid);
}

TEST_F(ClientTest, WithoutAFolderNothingTouchesTheDisk) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto given = options(server.url());
    given.storage_dir.clear();
    auto client = open(std::move(given));
    client.track("one");
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
    EXPECT_EQ(client.stats().delivered, 1u);
}

// Memory alone, so that nothing can be found again later: what close() does not send is gone.
TEST_F(ClientTest, CloseSendsWhatWasTrackedJustBefore) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    std::size_t tracked = 0;
    for (int round = 0; round < 100; ++round) {
        auto given = options(server.url());
        given.storage_dir.clear();
        auto client = open(std::move(given));
        for (int i = 0; i < 20; ++i) tracked += client.track("last words") ? 1u : 0u;
        ASSERT_TRUE(client.close(milliseconds(20'000)).ok());
        ASSERT_EQ(sink.ids().size(), tracked) << "round " << round;
    }
}

TEST_F(ClientTest, TheDeviceStaysTheSessionDoesNot) {
    std::string device;
    std::string session;
    {
        auto client = open(options("http://127.0.0.1:9"));
        device = client.device_id();
        session = client.session_id();
        EXPECT_EQ(device.size(), 36u);
    }
    auto client = open(options("http://127.0.0.1:9"));
    EXPECT_EQ(client.device_id(), device);
    EXPECT_NE(client.session_id(), session);
}

TEST_F(ClientTest, TwoClientsShareAFolder) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto one = open(options(server.url()));
    auto two = open(options(server.url()));
    const auto a = one.track("one").id_text();
    const auto b = two.track("two").id_text();
    ASSERT_TRUE(one.flush(milliseconds(20'000)).ok());
    ASSERT_TRUE(two.flush(milliseconds(20'000)).ok());
    EXPECT_EQ(sink.ids(), (std::set<std::string>{a, b}));
}

TEST_F(ClientTest, AThreadThatEndsLeavesItsJournalToTheNext) {
    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    auto client = open(options(server.url()));
    for (int i = 0; i < 50; ++i) {
        std::thread([&] { ASSERT_TRUE(client.track("short-lived")); }).join();
    }
    ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
    EXPECT_EQ(sink.ids().size(), 50u);
    std::size_t rings = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
        rings += entry.path().extension() == ".ring";
    EXPECT_EQ(rings, 1u);
}

TEST_F(ClientTest, TheFolderMayHaveANameThatNoCodePageHas) {
    const std::string storage = folder_.path().string() + "/Spielst\xc3\xa4nde \xe2\x98\x83";
    const auto exists = [&](const std::string& name) { return std::filesystem::exists(native_path(storage + name)); };
    const auto given = [&](const std::string& endpoint) {
        Options made = options(endpoint);
        made.storage_dir = storage;
        return made;
    };
    std::set<std::string> ids;
    {
        auto one = open(given("http://127.0.0.1:1"));
        auto two = open(given("http://127.0.0.1:1"));
        ids = {one.track("one").id_text(), two.track("two").id_text()};
    }
    ASSERT_TRUE(exists("/0/events.sqlite") && exists("/1/events.sqlite")) << diagnostics();
    std::ofstream(native_path(storage + "/0/journal/foreign.ring")) << "no ring at all";

    Sink sink;
    ScriptedServer server([&](std::size_t, const auto& received) { return sink.take(received); });
    {
        auto client = open(given(server.url()));
        ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
        while (exists("/1/events.sqlite")) std::this_thread::yield();
        ASSERT_TRUE(client.flush(milliseconds(20'000)).ok());
        EXPECT_EQ(sink.ids(), ids);
        EXPECT_EQ(client.stats().delivered, 2u);
    }
    for (const char* folder : {"/0/journal", "/1/journal"}) {
        for (const auto& entry : std::filesystem::directory_iterator(native_path(storage + folder))) {
            EXPECT_EQ(entry.path().filename(), "foreign.ring.corrupt");
        }
    }
    EXPECT_TRUE(exists("/0/journal/foreign.ring.corrupt"));

    std::ofstream(native_path(storage + "/0/events.sqlite")) << std::string(8192, 'x');
    open(given(server.url()));
    EXPECT_TRUE(exists("/0/events.sqlite.corrupt-1")) << diagnostics();
}

TEST_F(ClientTest, TheLedgerBalancesWhileEverythingMoves) {
    ScriptedServer server([&](std::size_t number, const auto& received) {
        const auto ids = Sink::ids_of(received);
        if (number % 3 == 0) return ScriptedServer::answer(500, "");
        return ScriptedServer::answer(202,
                                      "{\"accepted\":" + std::to_string(ids.size()) + ",\"rejected\":0,\"errors\":[]}");
    });
    auto client = open(options(server.url()));
    std::atomic<bool> done{false};
    std::thread tracking([&] {
        for (int i = 0; i < 20'000; ++i) client.track("event", {{"i", i}});
        done = true;
    });
    while (!done) expect_balanced(client.stats());
    tracking.join();
    ASSERT_TRUE(client.flush(milliseconds(30'000)).ok());
    const Stats stats = client.stats();
    expect_balanced(stats);
    EXPECT_EQ(stats.accepted, 20'000u);
    EXPECT_EQ(stats.queued, 0u);
}

}  // namespace
}  // namespace pulsekit
