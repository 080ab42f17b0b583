// When the disk fails the application goes on, is told, and what can be saved is saved.
#include <pulsekit/client.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "support/sqlite/database.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;

class FaultsTest : public testing::Test {
protected:
    Client open(std::size_t journal_bytes = 256 * 1024) {
        Options options;
        options.endpoint = "http://collector";
        options.api_key = "key";
        options.app_name = "faults-test";
        options.report_delivery = false;
        options.storage_dir = storage_;
        options.flush_interval = milliseconds(10);
        options.retry_base = milliseconds(1);
        options.retry_cap = milliseconds(20);
        options.close_deadline = milliseconds(0);
        options.journal_bytes_per_thread = journal_bytes;
        options.on_diagnostic = [this](const Diagnostic& diagnostic) {
            const std::lock_guard lock(mutex_);
            diagnostics_ += diagnostic.message + "\n";
        };
        options.transport =
            std::make_unique<test::FakeTransport>([this](const HttpRequest& request) -> Result<HttpResponse> {
                if (during_request_) during_request_(request);
                if (!online_) return Error{ErrorCode::unavailable, "offline"};
                return test::all_accepted(request);
            });
        auto client = Client::open(std::move(options));
        EXPECT_TRUE(client.ok());
        return std::move(*client);
    }
    bool told(const std::string& text) {
        const std::lock_guard lock(mutex_);
        return diagnostics_.find(text) != std::string::npos;
    }
    /// Another connection points the table past the end of the file: the next statement of ours meets the damage.
    static void damage(const std::string& path) {
        auto database = sqlite::Database::open(path, sqlite::Access::read_write);
        ASSERT_TRUE(database.ok());
        ASSERT_TRUE(database
                        ->execute("PRAGMA writable_schema = ON;"
                                  "UPDATE sqlite_schema SET rootpage = 100000 WHERE name = 'chunks';"
                                  "PRAGMA schema_version = 1000")
                        .ok());
    }
    template <typename Condition>
    static void wait_for(const Condition& condition) {
        while (!condition()) std::this_thread::yield();
    }
    static void expect_balanced(const Stats& stats) {
        EXPECT_EQ(stats.accepted, stats.delivered + stats.queued + stats.dropped_total());
    }

    test::TemporaryFolder folder_;
    std::string storage_ = folder_.file("storage");
    std::atomic<bool> online_{false};
    std::function<void(const HttpRequest&)> during_request_;
    std::mutex mutex_;
    std::string diagnostics_;
};

/// Lets no file of this process grow beyond a size, as a full disk would; gone with the scope.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
};

TEST_F(FaultsTest, AFullDiskIsToldAndWhatTheJournalHoldsIsDeliveredWhenThereIsRoomAgain) {
    auto client = open();
    client.track("before");
    std::uint64_t taken = 1;
    std::uint64_t refused = 0;
    {
        const FullDisk full(400 * 1024);
        const std::string text(2'000, 'x');
        wait_for([&] {
            client.track("during", {{"text", text}}) ? ++taken : ++refused;
            return told("the queue cannot take them") && refused > 0;
        });
        expect_balanced(client.stats());
    }
    online_ = true;
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    EXPECT_EQ(stats.delivered, taken);
    EXPECT_EQ(stats.dropped.at("journal_full"), refused);
    expect_balanced(stats);
}

TEST_F(FaultsTest, WithoutRoomForAJournalItIsKeptInMemory) {
    auto client = open(4 * 1024 * 1024);
    const FullDisk full(2 * 1024 * 1024);  // enough for the queue, too little for a ring
    std::thread([&] { EXPECT_TRUE(client.track("one")); }).join();
    wait_for([&] { return told("a journal is kept in memory instead of on disk"); });
    online_ = true;
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    EXPECT_EQ(client.stats().delivered, 1u);
}

TEST_F(FaultsTest, AQueueThatWasDamagedBetweenTwoRunsIsSetAside) {
    const std::string path = storage_ + "/0/events.sqlite";
    {
        auto client = open();
        for (int i = 0; i < 100; ++i) client.track("lost");
    }
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
    const auto size = std::filesystem::file_size(path);
    std::ofstream(path, std::ios::binary) << std::string(size, 'x');

    online_ = true;
    auto client = open();
    EXPECT_TRUE(told("the event queue was damaged: it is set aside as " + path + ".corrupt-1"));
    EXPECT_TRUE(std::filesystem::exists(path + ".corrupt-1"));
    client.track("after");
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    EXPECT_EQ(client.stats().delivered, 1u);
}

TEST_F(FaultsTest, AQueueThatIsDamagedUnderARunningClientIsReplaced) {
    const std::string path = storage_ + "/0/events.sqlite";
    auto client = open();
    for (int i = 0; i < 1'000; ++i) client.track("early", {{"i", i}});
    wait_for([&] { return told("offline"); });
    damage(path);
    std::uint64_t offered = 1'000;
    const auto track = [&](const char* name) {
        ++offered;
        return client.track(name, {{"text", std::string(1'000, 'y')}});
    };
    wait_for([&] {
        track("later");
        return told("set aside");
    });
    for (int i = 0; i < 100; ++i) wait_for([&] { return bool(track("after")); });
    online_ = true;
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    EXPECT_GE(stats.delivered, 100u);
    EXPECT_EQ(stats.accepted, offered);
    EXPECT_EQ(stats.queued, 0u);
    expect_balanced(stats);
    EXPECT_TRUE(std::filesystem::exists(path + ".corrupt-1"));
}

// The uploader holds a batch of the queue while the drain finds the damage.
TEST_F(FaultsTest, AQueueThatIsDamagedDuringARequestIsReplacedAfterIt) {
    const std::string path = storage_ + "/0/events.sqlite";
    std::atomic<bool> damaged{false};
    during_request_ = [&](const HttpRequest& request) {
        if (damaged) return;
        damage(path);
        damaged = true;
        while (request.keep_waiting()) std::this_thread::yield();
        online_ = true;  // and it answers nevertheless
    };
    auto client = open();
    std::uint64_t offered = 0;
    for (; offered < 100; ++offered) client.track("early");
    wait_for([&] { return damaged.load(); });
    wait_for([&] {
        client.track("later", {{"text", std::string(1'000, 'y')}});
        ++offered;
        return told("set aside");
    });
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    const Stats stats = client.stats();
    EXPECT_EQ(stats.accepted, offered);
    EXPECT_EQ(stats.queued, 0u);
    EXPECT_GT(stats.delivered, 0u);
    expect_balanced(stats);
}

TEST_F(FaultsTest, AFolderThatCannotBeWrittenMeansMemoryAndADiagnostic) {
    std::filesystem::create_directory(storage_);
    std::filesystem::permissions(storage_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    // Root may write anywhere: become somebody else for a while.
    const uid_t user = ::geteuid();
    if (user == 0) { ASSERT_EQ(::seteuid(65534), 0); }
    auto client = open();
    if (user == 0) { ASSERT_EQ(::seteuid(0), 0); }
    EXPECT_TRUE(told("the storage folder cannot be used"));
    online_ = true;
    EXPECT_TRUE(client.track("one"));
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    EXPECT_EQ(client.stats().delivered, 1u);
}

TEST_F(FaultsTest, AJournalThatIsNoneIsSetAsideAndTheOthersAreRecovered) {
    {
        auto client = open();
        client.track("kept");
    }
    std::ofstream(storage_ + "/0/journal/0000.ring") << "not a ring";
    online_ = true;
    auto client = open();
    ASSERT_TRUE(client.flush(milliseconds(60'000)).ok());
    wait_for([&] { return client.stats().delivered == 1; });
    EXPECT_TRUE(told("cannot be read and is set aside"));
    EXPECT_TRUE(std::filesystem::exists(storage_ + "/0/journal/0000.ring.corrupt"));
}

}  // namespace
}  // namespace pulsekit
