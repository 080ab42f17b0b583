#include "outbound/poster.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "tests/support/scripted_server.hpp"
#include "tests/support/tls_server.hpp"

namespace collector::outbound {
namespace {

using pulsekit::ErrorCode;
using pulsekit::test::ScriptedServer;

ScriptedServer::Script answering(int status, const std::string& body = {}, const std::string& headers = {}) {
    return [=](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::answer(status, body, headers); };
}

TEST(Poster, PostsAndTellsTheAnswer) {
    std::string head;
    std::string body;
    ScriptedServer server([&](std::size_t, const ScriptedServer::Received& received) {
        head = received.head;
        body = received.body;
        return ScriptedServer::answer(429, "slow down", "Retry-After: 7\r\n");
    });
    Poster poster(Reach::loopback_too);
    const auto posted = poster.post({.url = server.url() + "/hook?a=b",
                                     .headers = {{"X-Thing", "1"}, {"Content-Type", "application/json"}},
                                     .body = "{}"});
    ASSERT_TRUE(posted.ok()) << posted.error().message;
    EXPECT_EQ(posted->status, 429);
    EXPECT_EQ(posted->body, "slow down");
    EXPECT_EQ(posted->retry_after, std::chrono::seconds(7));
    EXPECT_EQ(head.substr(0, head.find('\r')), "POST /hook?a=b HTTP/1.1");
    EXPECT_NE(head.find("\r\nX-Thing: 1\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("\r\nUser-Agent: pulse-collector/"), std::string::npos) << head;
    EXPECT_EQ(body, "{}");
}

TEST(Poster, FollowsNoRedirect) {
    ScriptedServer elsewhere(answering(200));
    ScriptedServer server(answering(302, {}, "Location: " + elsewhere.url() + "/\r\n"));
    Poster poster(Reach::loopback_too);
    EXPECT_EQ(poster.post({.url = server.url()}).value().status, 302);
    EXPECT_EQ(elsewhere.count(), 0u);
}

TEST(Poster, ConnectsToNothingThatIsClosed) {
    ScriptedServer server(answering(200));
    Poster poster(Reach::public_only);
    const auto port = server.url().substr(server.url().rfind(':'));
    // By its address, and by a name that leads there.
    for (const auto& url : {"http://127.0.0.1" + port, "https://127.0.0.1" + port, "https://localhost" + port}) {
        const auto posted = poster.post({.url = url});
        ASSERT_FALSE(posted.ok()) << url;
        EXPECT_EQ(posted.error().code, ErrorCode::forbidden) << url << ": " << posted.error().message;
    }
    EXPECT_EQ(server.count(), 0u);
}

/// What is no address to the rule for URLs and becomes one on its way, as a name does that leads elsewhere when it is
/// resolved again.
TEST(Poster, LooksAtTheAddressThatIsConnectedTo) {
    ScriptedServer server(answering(200));
    const auto port = server.url().substr(server.url().rfind(':'));
    Poster poster(Reach::public_only);
    for (const char* host : {"2130706433", "0x7f000001", "0177.0.0.1", "127.1"}) {
        const auto url = "https://" + std::string(host) + port;
        ASSERT_EQ(broken_rule(Reach::public_only, url), "") << url;
        const auto posted = poster.post({.url = url});
        ASSERT_FALSE(posted.ok()) << url;
        EXPECT_EQ(posted.error().code, ErrorCode::forbidden) << url << ": " << posted.error().message;
    }
    EXPECT_EQ(server.count(), 0u);
}

TEST(Poster, DoesNotAskTheEnvironmentsProxyToGoThere) {
    ScriptedServer proxy(answering(200));
    ScriptedServer server(answering(204));
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    Poster poster(Reach::loopback_too);
    const auto posted = poster.post({.url = server.url()});
    ::unsetenv("http_proxy");
    ASSERT_TRUE(posted.ok()) << posted.error().message;
    EXPECT_EQ(posted->status, 204);
    EXPECT_EQ(proxy.count(), 0u);
}

TEST(Poster, VerifiesTls) {
    const pulsekit::test::TlsIdentity identity;
    pulsekit::test::TlsServer server(identity);
    Poster poster(Reach::loopback_too);
    const auto posted = poster.post({.url = server.url()});
    ASSERT_FALSE(posted.ok());
    EXPECT_EQ(posted.error().code, ErrorCode::unavailable);
    EXPECT_NE(posted.error().message.find("certificate"), std::string::npos) << posted.error().message;
}

TEST(Poster, IsBoundedInTimeAndSize) {
    ScriptedServer silent(
        [](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::Reply{.hang = true}; });
    Poster poster(Reach::loopback_too);
    const auto hung = poster.post({.url = silent.url(), .timeout = std::chrono::milliseconds(50)});
    ASSERT_FALSE(hung.ok());
    EXPECT_EQ(hung.error().code, ErrorCode::unavailable);

    ScriptedServer talkative(answering(200, std::string(1 << 20, 'x')));
    const auto posted = poster.post({.url = talkative.url()});
    ASSERT_TRUE(posted.ok()) << posted.error().message;
    EXPECT_EQ(posted->status, 200);
    EXPECT_EQ(posted->body, std::string(65'536, 'x'));
}

TEST(Poster, GivesUpWhenItIsAskedTo) {
    ScriptedServer silent(
        [](std::size_t, const ScriptedServer::Received&) { return ScriptedServer::Reply{.hang = true}; });
    std::atomic<int> asked{0};
    Poster poster(Reach::loopback_too, [&] { return ++asked < 3; });
    const auto posted = poster.post({.url = silent.url(), .timeout = std::chrono::minutes(5)});
    ASSERT_FALSE(posted.ok());
    EXPECT_EQ(posted.error().message, "given up before an answer came");
}

}  // namespace
}  // namespace collector::outbound
