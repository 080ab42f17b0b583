// What an application tracks is what the collector answers.
#include <gtest/gtest.h>

#include <pulsekit/client.hpp>
#include <pulsekit/version.hpp>

#include "tests/integration/collector_process.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using test::CollectorProcess;

Options options_for(const CollectorProcess& collector, const std::string& storage) {
    Options options;
    options.endpoint = collector.url();
    options.api_key = collector.key("PULSE_INGEST_KEY");
    options.app_name = "delivery-test";
    options.app_version = "1.0";
    options.storage_dir = storage;
    options.retry_base = milliseconds(5);
    options.retry_cap = milliseconds(50);
    options.close_deadline = milliseconds(0);
    return options;
}

TEST(Delivery, TheAnswersAreWhatWasTracked) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    auto client = Client::open(options_for(collector, folder.file("storage")));
    ASSERT_TRUE(client.ok());
    client->identify("player-1", {{"plan", "pro"}});
    for (int i = 0; i < 30; ++i) client->screen("menu");
    for (int i = 0; i < 20; ++i) client->screen("/shop/items");
    for (int i = 0; i < 70; ++i) client->track("shot", {{"damage", i}});
    for (int i = 0; i < 40; ++i)
        client->track("level_complete", {{"level", i}, {"score", 1.5 * i}, {"won", i % 2 == 0}});
    ASSERT_TRUE(client->flush(milliseconds(60'000)).ok());

    const auto stats = collector.ask("stats")["current"];
    EXPECT_EQ(stats["pageviews"], 50);
    EXPECT_EQ(stats["events"], 111);  // identify is an event of this protocol
    EXPECT_EQ(stats["visitors"], 1);
    EXPECT_EQ(stats["sessions"], 1);
    const auto pages = collector.ask("pages");
    ASSERT_EQ(pages["total"], 2);
    EXPECT_EQ(pages["data"][0]["path"], "/menu");
    EXPECT_EQ(pages["data"][0]["views"], 30);
    EXPECT_EQ(pages["data"][1]["path"], "/shop/items");
    EXPECT_EQ(pages["data"][1]["views"], 20);
    const auto events = collector.ask("events")["data"];
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0]["name"], "shot");
    EXPECT_EQ(events[0]["count"], 70);
    EXPECT_EQ(events[1]["name"], "level_complete");
    EXPECT_EQ(events[1]["count"], 40);
    EXPECT_EQ(collector.ask("realtime")["active_visitors"], 1);
    EXPECT_EQ(collector.stored_ids().size(), 161u);
    EXPECT_EQ(collector.stop(), 0);
}

TEST(Delivery, AnAppThatNeverReachedItsCollectorIsDeliveredByItsNextStart) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    collector.kill();
    {
        auto client = Client::open(options_for(collector, folder.file("storage")));
        ASSERT_TRUE(client.ok());
        for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(client->track("offline"));
        EXPECT_FALSE(client->close(milliseconds(500)).ok());
        EXPECT_EQ(client->stats().queued, 1'000u);
    }
    collector.restart();
    auto client = Client::open(options_for(collector, folder.file("storage")));
    ASSERT_TRUE(client.ok());
    ASSERT_TRUE(client->flush(milliseconds(60'000)).ok());
    EXPECT_EQ(collector.ask("events")["data"][0]["count"], 1'000);
    EXPECT_EQ(client->stats().delivered, 1'000u);
    const auto ledgers = collector.ask("delivery")["data"];
    ASSERT_EQ(ledgers.size(), 1u);
    EXPECT_EQ(ledgers[0]["sdk_version"], kVersion);
    EXPECT_EQ(ledgers[0]["clients"], 1);
    EXPECT_EQ(ledgers[0]["accepted"], 1'000);
    EXPECT_EQ(ledgers[0]["dropped"], nlohmann::json::object());
    EXPECT_EQ(ledgers[0]["delivered"].get<int>() + ledgers[0]["queued"].get<int>(), 1'000) << ledgers;
}

TEST(Delivery, ARevokedKeyLosesNothing) {
    const test::TemporaryFolder folder;
    CollectorProcess collector(folder.file("data"));
    const std::string keys = collector.url() + "/api/admin/projects/" + collector.key("PULSE_PROJECT") + "/keys";
    const std::vector<std::string> admin = {"Authorization: Bearer " + collector.key("PULSE_ADMIN_TOKEN")};
    const auto created =
        nlohmann::json::parse(test::http("POST", keys, admin, R"({"name":"app","scopes":["ingest"]})").body);
    ASSERT_EQ(test::http("DELETE", keys + "/" + created["id"].get<std::string>(), admin).status, 204);
    auto options = options_for(collector, folder.file("storage"));
    options.api_key = created["key"];
    {
        auto client = Client::open(std::move(options));
        ASSERT_TRUE(client.ok());
        client->track("kept");
        const auto flushed = client->flush(milliseconds(500));
        ASSERT_FALSE(flushed.ok());
        EXPECT_NE(flushed.error().message.find("invalid API key"), std::string::npos) << flushed.error().message;
    }
    auto client = Client::open(options_for(collector, folder.file("storage")));
    ASSERT_TRUE(client.ok());
    ASSERT_TRUE(client->flush(milliseconds(60'000)).ok());
    EXPECT_EQ(collector.stored_ids().size(), 1u);
}

}  // namespace
}  // namespace pulsekit
