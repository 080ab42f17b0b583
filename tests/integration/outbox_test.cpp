// What is to leave the collector, when it is killed.
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <string>

#include "tests/integration/collector_process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit::test {
namespace {

using Json = nlohmann::json;

/// Counts what it is posted, by X-Pulse-Delivery, and at first takes nothing.
class Receiver {
public:
    std::string url() const { return server_.url() + "/hook"; }
    void open() { open_ = true; }

    std::size_t requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::set<std::string> deliveries() {
        const std::lock_guard lock(mutex_);
        return deliveries_;
    }
    Json last() {
        const std::lock_guard lock(mutex_);
        return Json::parse(last_);
    }

private:
    ScriptedServer::Reply take(const ScriptedServer::Received& received) {
        const std::lock_guard lock(mutex_);
        ++requests_;
        const auto at = received.head.find("X-Pulse-Delivery: ");
        deliveries_.insert(received.head.substr(at, received.head.find('\r', at) - at));
        last_ = received.body;
        return open_ ? ScriptedServer::answer(200, "") : ScriptedServer::Reply{.hang = true};
    }

    std::mutex mutex_;
    std::size_t requests_ = 0;
    std::set<std::string> deliveries_;
    std::string last_;
    std::atomic<bool> open_{false};
    ScriptedServer server_{[this](std::size_t, const ScriptedServer::Received& received) { return take(received); }};
};

class OutboxOfAProcess : public testing::Test {
protected:
    HttpReply post(const std::string& path, const std::string& key, const Json& body) {
        const auto header = key == "PULSE_ADMIN_TOKEN" ? "Authorization: Bearer " : "X-Pulse-Key: ";
        return http("POST", collector_.url() + path, {header + collector_.key(key)}, body.dump());
    }
    /// Empty also when it is asked too often.
    std::string status_of_messages() {
        const auto reply = http("GET", collector_.url() + "/api/admin/outbox",
                                {"Authorization: Bearer " + collector_.key("PULSE_ADMIN_TOKEN")});
        const auto body = Json::parse(reply.body);
        std::string all;
        if (reply.status != 200) return all;
        for (const auto& message : body.at("data")) all += message.at("status").get<std::string>() + " ";
        return all;
    }

    TemporaryFolder folder_;
    Receiver receiver_;
    CollectorProcess collector_{folder_.file("data")};
};

/// An alert is looked at when the collector starts. It fires once, however often the process is killed, and what it
/// tells arrives.
TEST_F(OutboxOfAProcess, AnAlertIsToldOnceThroughKills) {
    const auto modules = "/api/admin/projects/" + collector_.key("PULSE_PROJECT") + "/modules";
    ASSERT_EQ(post(modules + "/alerts/enable", "PULSE_ADMIN_TOKEN", Json::object()).status, 200);
    ASSERT_EQ(post("/api/v1/alerts", "PULSE_QUERY_KEY",
                   {{"name", "Busy"},
                    {"module", "pageviews"},
                    {"metric", "pageviews"},
                    {"operator", "gte"},
                    {"threshold", 1},
                    {"notify_channels", {{{"type", "webhook"}, {"url", receiver_.url()}}}}})
                  .status,
              201);
    ASSERT_EQ(post("/api/collect", "PULSE_INGEST_KEY", {{"type", "pageview"}, {"path", "/"}}).status, 200);
    for (std::size_t kills = 1; kills <= 3; ++kills) {
        collector_.kill();
        collector_.restart();
        while (receiver_.requests() < kills) std::this_thread::yield();  // and while it waits for the answer: the next
    }
    EXPECT_EQ(status_of_messages(), "pending ");
    receiver_.open();
    collector_.kill();
    collector_.restart();
    while (status_of_messages() != "delivered ") std::this_thread::yield();
    EXPECT_EQ(receiver_.deliveries().size(), 1u) << "the same message each time";
    EXPECT_EQ(receiver_.last().at("event"), "alert");
    EXPECT_EQ(receiver_.last().at("data").at("value"), 1);

    const auto requests = receiver_.requests();
    EXPECT_EQ(collector_.stop(), 0);
    collector_.restart();
    EXPECT_EQ(status_of_messages(), "delivered ") << "it has cooled down for no time";
    EXPECT_EQ(receiver_.requests(), requests);
}

}  // namespace
}  // namespace pulsekit::test
