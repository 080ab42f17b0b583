// Who waits for the client, and for how long: track() for room, and close().
#include <pulsekit/client.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/hostile_collector.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::FakeTransport;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kSoon{5'000};  // generous: the machine may be busy

class WaitingTest : public testing::Test {
protected:
    Client open(FakeTransport::Answer answer) {
        Options options;
        options.endpoint = "http://collector";
        options.api_key = "key";
        options.app_name = "waiting";
        options.storage_dir = folder_.file("storage");
        options.report_delivery = false;
        options.flush_interval = milliseconds(1);
        options.journal_bytes_per_thread = 1;  // the smallest there is
        options.close_deadline = milliseconds(0);
        options.transport = std::make_unique<FakeTransport>(std::move(answer));
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client.ok());
        return std::move(*client);
    }
    static Tracked track(Client& client, milliseconds wait) {
        static const std::string kText(2'000, 'x');
        EventOptions options;
        options.wait_for_room = wait;
        return client.track("line", {{"text", kText}}, options);
    }
    static void expect_balanced(const Stats& stats) {
        EXPECT_EQ(stats.accepted, stats.delivered + stats.queued + stats.dropped_total());
    }

    test::TemporaryFolder folder_;
};

TEST_F(WaitingTest, WhoWaitsForRoomLosesNothingWhileTheCollectorIsSlow) {
    // Far more than the rings hold, while each request takes its time.
    auto client = open([](const HttpRequest& request) -> Result<HttpResponse> {
        const auto until = SteadyClock::now() + milliseconds(20);
        while (SteadyClock::now() < until && request.keep_waiting()) std::this_thread::yield();
        return test::all_accepted(request);
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 1'000; ++i) {
                if (i % 10 == 0) client.set_screen(std::to_string(i));  // that takes room, too
                ASSERT_TRUE(track(client, milliseconds(60'000)));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    EXPECT_EQ(stats.delivered, 2'000u);
    EXPECT_EQ(stats.accepted, 2'000u);
}

TEST_F(WaitingTest, WhoWaitsForRoomInVainIsRefusedWhenTheTimeIsOver) {
    std::atomic<bool> released{false};
    std::atomic<bool> sending{false};
    // Asks nobody whether to wait: the worker is stuck, and drains nothing.
    auto client = open([&](const HttpRequest& request) -> Result<HttpResponse> {
        sending = true;
        while (!released) std::this_thread::yield();
        return test::all_accepted(request);
    });
    ASSERT_TRUE(track(client, milliseconds(0)));
    while (!sending) std::this_thread::yield();
    std::uint64_t taken = 1;
    while (track(client, milliseconds(0))) ++taken;
    const auto start = SteadyClock::now();
    EXPECT_EQ(track(client, milliseconds(50)).refusal, Refusal::full);
    const auto took = SteadyClock::now() - start;
    EXPECT_GE(took, milliseconds(50));
    EXPECT_LT(took, kSoon);
    EXPECT_EQ(client.stats().dropped.at("journal_full"), 2u);
    // One that still waits when there is room again gets it.
    std::atomic<bool> waiting{false};
    std::thread patient([&] {
        waiting = true;
        EXPECT_TRUE(track(client, milliseconds(60'000)));
    });
    while (!waiting) std::this_thread::yield();
    released = true;
    patient.join();
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    EXPECT_EQ(stats.delivered, taken + 1);
    EXPECT_EQ(stats.accepted, taken + 3);
    expect_balanced(stats);
}

TEST_F(WaitingTest, WhoWaitsForRoomIsLetGoWhenTheClientCloses) {
    std::atomic<bool> released{false};
    std::atomic<bool> sending{false};
    auto client = open([&](const HttpRequest&) -> Result<HttpResponse> {
        sending = true;
        while (!released) std::this_thread::yield();
        return Error{ErrorCode::unavailable, "offline"};
    });
    ASSERT_TRUE(track(client, milliseconds(0)));
    while (!sending) std::this_thread::yield();
    while (track(client, milliseconds(0))) {}
    std::atomic<bool> waiting{false};
    const auto start = SteadyClock::now();
    std::thread patient([&] {
        waiting = true;
        (void)track(client, milliseconds(60'000));  // refused, or in time before the last drain
    });
    while (!waiting) std::this_thread::yield();
    std::thread closing([&] { (void)client.close(milliseconds(0)); });
    released = true;
    patient.join();
    closing.join();
    EXPECT_LT(SteadyClock::now() - start, kSoon);
    expect_balanced(client.stats());
}

TEST_F(WaitingTest, CloseKeepsToItsDeadlineWhateverIsUnderWay) {
    struct Case {
        const char* what;
        FakeTransport::Answer answer;
        std::function<void(Client&)> before;
    };
    const auto nothing = [](Client&) {};
    const auto hang = [](const HttpRequest& request) -> Result<HttpResponse> {
        while (request.keep_waiting()) std::this_thread::yield();
        return Error{ErrorCode::unavailable, "given up"};
    };
    const auto offline = [](const HttpRequest&) -> Result<HttpResponse> {
        return Error{ErrorCode::unavailable, "offline"};
    };
    const auto answers = [](const HttpRequest& request) -> Result<HttpResponse> { return test::all_accepted(request); };
    const Case cases[] = {
        {"a hanging server", hang, nothing},
        {"no network", offline, nothing},
        {"a server that wants to be left alone",
         [](const HttpRequest&) -> Result<HttpResponse> {
             return HttpResponse{503, {{"retry-after", "3600"}}, ""};
         },
         nothing},
        {"a revoked key",
         [](const HttpRequest&) -> Result<HttpResponse> {
             return HttpResponse{401, {}, ""};
         },
         nothing},
        {"paused uploads", answers, [](Client& client) { client.pause_uploads(); }},
        {"consent not asked", answers, [](Client& client) { (void)client.set_consent(Consent::required); }},
        {"consent denied", answers, [](Client& client) { (void)client.set_consent(Consent::denied); }},
        {"consent that comes and goes", hang,
         [](Client& client) {
             (void)client.set_consent(Consent::denied);
             (void)client.set_consent(Consent::granted);
             client.track("after");
         }},
    };
    for (const auto& each : cases) {
        for (const auto deadline : {milliseconds(0), milliseconds(50)}) {
            SCOPED_TRACE(each.what);
            auto client = open(each.answer);
            for (int i = 0; i < 20; ++i) client.track("event");
            each.before(client);
            const auto start = SteadyClock::now();
            std::thread other([&] { (void)client.close(deadline); });
            (void)client.close(deadline);
            other.join();
            EXPECT_LT(SteadyClock::now() - start, kSoon);
            expect_balanced(client.stats());
            EXPECT_EQ(client.track("late").refusal, Refusal::closed);
            (void)client.close(milliseconds(60'000));  // no second life
        }
    }
}

TEST_F(WaitingTest, CloseWaitsNoLongerThanThereIsSomethingToSend) {
    auto client = open([](const HttpRequest& request) -> Result<HttpResponse> { return test::all_accepted(request); });
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.track("event"));
    const auto start = SteadyClock::now();
    EXPECT_TRUE(client.close(milliseconds(60'000)).ok());
    EXPECT_LT(SteadyClock::now() - start, kSoon);
    EXPECT_EQ(client.stats().delivered, 20u);
}

TEST_F(WaitingTest, FlushEndsWhenAnotherThreadCloses) {
    auto client = open([](const HttpRequest&) -> Result<HttpResponse> {
        return Error{ErrorCode::unavailable, "offline"};
    });
    ASSERT_TRUE(client.track("event"));
    std::atomic<bool> flushing{false};
    std::thread flush([&] {
        flushing = true;
        EXPECT_FALSE(client.flush(milliseconds(60'000)).ok());
    });
    while (!flushing) std::this_thread::yield();
    const auto start = SteadyClock::now();
    (void)client.close(milliseconds(0));
    flush.join();
    EXPECT_LT(SteadyClock::now() - start, kSoon);
}

}  // namespace
}  // namespace pulsekit
