// NetworkOptions and the default transport, with real sockets, real TLS and a real proxy.
#include <gtest/gtest.h>
#include <netdb.h>
#include <strings.h>

#include <pulsekit/client.hpp>
#include <pulsekit/version.hpp>

#include <condition_variable>
#include <cstring>
#include <fstream>

#include "src/network_options.hpp"
#include "src/transport/transport.hpp"
#include "src/wire/wire.hpp"
#include "tests/support/connect_proxy.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/tls_server.hpp"

namespace {

constexpr const char* kBlockedHost = "blocked.invalid";

/// Where name resolution of kBlockedHost stands still until the test lets it go.
struct Blockade {
    std::mutex mutex;
    std::condition_variable changed;
    int inside = 0;
    bool lifted = false;

    void stand_still() {
        std::unique_lock lock(mutex);
        ++inside;
        changed.notify_all();
        changed.wait(lock, [this] { return lifted; });
        --inside;
        changed.notify_all();
    }
    bool reached() {
        const std::lock_guard lock(mutex);
        return inside > 0;
    }
    void lift() {
        std::unique_lock lock(mutex);
        lifted = true;
        changed.notify_all();
        changed.wait(lock, [this] { return inside == 0; });
    }
};
Blockade& blockade() {
    static auto& only = *new Blockade;  // outlives every thread of libcurl's
    return only;
}

}  // namespace

// Stands before the system's for the whole program, libcurl included. No test resolves a name: libcurl reads numeric
// addresses itself.
extern "C" int getaddrinfo(const char* node, const char*, const addrinfo*, addrinfo**) {
    if (!node || std::strcmp(node, kBlockedHost) != 0) return EAI_NONAME;
    blockade().stand_still();
    return EAI_AGAIN;
}

namespace pulsekit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::ScriptedServer;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class NetworkTest : public testing::Test {
protected:
    NetworkTest() { network_.proxy = "none"; }  // whatever the machine's environment says

    std::string trusted(const test::TlsIdentity& identity) {
        const std::string path = folder_.file("authority.pem");
        std::ofstream(path) << identity.authority_pem();
        return path;
    }

    static HttpRequest get(const std::string& url) {
        HttpRequest request;
        request.method = "GET";
        request.url = url;
        return request;
    }

    Result<HttpResponse> send(const HttpRequest& request) { return make_default_transport(network_)->send(request); }

    void expect_refused(const std::string& url, const std::string& why) {
        const auto response = send(get(url));
        ASSERT_FALSE(response.ok());
        EXPECT_EQ(response.error().code, ErrorCode::unavailable);
        EXPECT_TRUE(contains(response.error().message, why)) << response.error().message;
    }

    NetworkOptions network_;
    test::TemporaryFolder folder_;
};

TEST_F(NetworkTest, AnUnknownAuthorityIsRefused) {
    const test::TlsServer server{test::TlsIdentity()};
    expect_refused(server.url(), "certificate verification failed: SSL certificate problem: ");
    expect_refused(server.url(), "NetworkOptions::ca_bundle");
    EXPECT_TRUE(server.heads().empty());
}

TEST_F(NetworkTest, TheBundlesAuthorityIsTrusted) {
    const test::TlsIdentity identity;
    const test::TlsServer server(identity);
    network_.ca_bundle = trusted(identity);
    const auto response = send(get(server.url()));
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "ok");
}

TEST_F(NetworkTest, AnotherAuthorityInTheBundleIsNoHelp) {
    const test::TlsServer server{test::TlsIdentity()};
    network_.ca_bundle = trusted(test::TlsIdentity());
    expect_refused(server.url(), "certificate verification failed");
}

TEST_F(NetworkTest, ABundleThatIsMissingIsNamed) {
    const test::TlsServer server{test::TlsIdentity()};
    network_.ca_bundle = folder_.file("missing.pem");
    expect_refused(server.url(), network_.ca_bundle);
    expect_refused(server.url(), "NetworkOptions::ca_bundle");
}

TEST_F(NetworkTest, ACertificateForAnotherHostIsRefused) {
    const test::TlsIdentity identity("DNS:elsewhere.example");
    const test::TlsServer server(identity);
    network_.ca_bundle = trusted(identity);
    expect_refused(server.url(), "the certificate is not this host's");
    EXPECT_TRUE(server.heads().empty());
}

TEST_F(NetworkTest, OneOfThePinsIsEnough) {
    const test::TlsIdentity identity;
    const test::TlsServer server(identity);
    network_.ca_bundle = trusted(identity);
    network_.pinned_public_keys = {test::TlsIdentity().pin(), identity.pin()};
    ASSERT_TRUE(validate(network_, Dialect::productgraph).ok());
    const auto response = send(get(server.url()));
    EXPECT_TRUE(response.ok()) << response.error().message;
}

TEST_F(NetworkTest, AKeyThatIsNotPinnedIsRefused) {
    const test::TlsIdentity identity;
    const test::TlsServer server(identity);
    network_.ca_bundle = trusted(identity);
    network_.pinned_public_keys = {test::TlsIdentity().pin()};
    expect_refused(server.url(), "NetworkOptions::pinned_public_keys");
    EXPECT_TRUE(server.heads().empty());
}

TEST_F(NetworkTest, APinDoesNotStandInForTheAuthority) {
    const test::TlsIdentity identity;
    const test::TlsServer server(identity);
    network_.pinned_public_keys = {identity.pin()};
    expect_refused(server.url(), "certificate verification failed");
}

TEST_F(NetworkTest, AConnectionServesManyRequests) {
    const test::TlsIdentity identity;
    const test::TlsServer server(identity);
    network_.ca_bundle = trusted(identity);
    const auto transport = make_default_transport(network_);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(transport->send(get(server.url())).ok());
    EXPECT_EQ(server.heads().size(), 5u);
    EXPECT_EQ(server.connections(), 1u);
}

TEST_F(NetworkTest, APlainRequestGoesThroughTheProxy) {
    std::string head;
    ScriptedServer proxy([&](std::size_t, const ScriptedServer::Received& received) {
        head = received.head;
        return ScriptedServer::answer(200, "from the proxy");
    });
    network_.proxy = "http://user:secret@" + proxy.url().substr(7);
    ASSERT_TRUE(validate(network_, Dialect::productgraph).ok());
    const auto response = send(get("http://collector.invalid/v1/events"));
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response->body, "from the proxy");
    EXPECT_EQ(head.rfind("GET http://collector.invalid/v1/events HTTP/1.1", 0), 0u) << head;
    EXPECT_TRUE(contains(head, "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=")) << head;
}

TEST_F(NetworkTest, ATunnelIsVerifiedAndItsProxySeesNoKey) {
    const test::TlsIdentity identity("DNS:collector.invalid");
    const test::TlsServer server(identity);
    const test::ConnectProxy proxy(server.port());
    network_.ca_bundle = trusted(identity);
    network_.proxy = "http://user:secret@" + proxy.address();
    HttpRequest request = get("https://collector.invalid/v1/events");
    request.headers = {{"X-Api-Key", "the-key"}};
    const auto response = send(request);
    ASSERT_TRUE(response.ok()) << response.error().message;
    ASSERT_EQ(proxy.heads().size(), 1u);
    EXPECT_EQ(proxy.heads()[0].rfind("CONNECT collector.invalid:443 HTTP/1.1", 0), 0u) << proxy.heads()[0];
    EXPECT_TRUE(contains(proxy.heads()[0], "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="));
    EXPECT_FALSE(contains(proxy.heads()[0], "the-key"));
    ASSERT_EQ(server.heads().size(), 1u);
    EXPECT_TRUE(contains(server.heads()[0], "X-Api-Key: the-key"));
    EXPECT_FALSE(contains(server.heads()[0], "Proxy-Authorization"));
}

TEST_F(NetworkTest, AProxyThatIsNotThereIsAnErrorWithoutItsPassword) {
    network_.proxy = "http://user:secret@127.0.0.1:1";
    const auto response = send(get("http://collector.invalid/"));
    ASSERT_FALSE(response.ok());
    EXPECT_FALSE(contains(response.error().message, "secret")) << response.error().message;
}

TEST_F(NetworkTest, TheSameProblemHasTheSameWords) {
    const auto transport = make_default_transport(network_);
    const auto first = transport->send(get("http://127.0.0.1:1/"));
    ASSERT_FALSE(first.ok());
    EXPECT_TRUE(contains(first.error().message, "127.0.0.1 port 1:")) << first.error().message;
    EXPECT_FALSE(contains(first.error().message, " ms")) << first.error().message;

    ScriptedServer silent([](std::size_t, const ScriptedServer::Received&) {
        ScriptedServer::Reply reply;
        reply.hang = true;
        return reply;
    });
    HttpRequest request = get(silent.url());
    request.timeout = milliseconds(50);
    const auto late = transport->send(request);
    ASSERT_FALSE(late.ok());
    EXPECT_FALSE(contains(late.error().message, "milliseconds")) << late.error().message;
    EXPECT_TRUE(contains(late.error().message, "timed out")) << late.error().message;
}

TEST_F(NetworkTest, AServerThatNeverAnswersIsGivenUpWhenAsked) {
    ScriptedServer silent([](std::size_t, const ScriptedServer::Received&) {
        ScriptedServer::Reply reply;
        reply.hang = true;
        return reply;
    });
    HttpRequest request = get(silent.url());
    request.timeout = seconds(30);
    int asked = 0;
    request.keep_waiting = [&] { return silent.count() == 0 || ++asked < 5; };
    const auto start = std::chrono::steady_clock::now();
    const auto response = send(request);
    EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().code, ErrorCode::unavailable);
    EXPECT_EQ(asked, 5);
}

TEST_F(NetworkTest, ABlockedNameResolutionIsGivenUpWhenAsked) {
    HttpRequest request = get(std::string("http://") + kBlockedHost + "/");
    request.timeout = seconds(30);
    request.keep_waiting = [] { return !blockade().reached(); };
    // Would wait for ever, not merely for long, if anything of it waited for the resolver.
    const auto response = send(request);
    EXPECT_TRUE(blockade().reached());
    blockade().lift();
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().code, ErrorCode::unavailable);
}

/// What a real client's request looks like on the wire.
std::string head_of_a_client(NetworkOptions network) {
    std::string head;
    ScriptedServer collector([&](std::size_t, const ScriptedServer::Received& received) {
        head = received.head;
        return ScriptedServer::answer(202, R"({"accepted":1,"rejected":0,"errors":[]})");
    });
    network.proxy = "none";
    Options options;
    options.endpoint = collector.url();
    options.api_key = "the-key";
    options.app_name = "network-test";
    options.report_delivery = false;  // one event, one answer
    options.network = std::move(network);
    auto client = Client::open(std::move(options));
    EXPECT_TRUE(client.ok());
    EXPECT_TRUE(client->track("event"));
    EXPECT_TRUE(client->close(seconds(30)).ok());
    return head;
}

TEST(NetworkHeaders, ArriveBesideTheClientsOwn) {
    NetworkOptions network;
    network.headers = {{"X-Title", "Canyon Racer"}, {"X-Empty", ""}};
    network.user_agent = "canyon-racer/1.4.2";
    const std::string head = head_of_a_client(network);
    EXPECT_TRUE(contains(head, "\r\nX-Title: Canyon Racer")) << head;
    EXPECT_TRUE(contains(head, "\r\nX-Empty:")) << head;
    EXPECT_TRUE(contains(head, "\r\nUser-Agent: canyon-racer/1.4.2")) << head;
    EXPECT_TRUE(contains(head, "\r\nContent-Type: application/json")) << head;
    EXPECT_TRUE(contains(head, "the-key")) << head;
}

TEST(NetworkHeaders, TheUserAgentIsTheSdkUnlessItIsSet) {
    EXPECT_TRUE(contains(head_of_a_client({}), std::string("\r\nUser-Agent: pulsekit/") + kVersion));
}

std::string refusal(const NetworkOptions& network, Dialect dialect = Dialect::productgraph) {
    const auto valid = validate(network, dialect);
    if (valid) return {};
    EXPECT_EQ(valid.error().code, ErrorCode::invalid);
    return valid.error().message;
}

std::string refusal_of_header(std::string name, std::string value, Dialect dialect = Dialect::productgraph) {
    NetworkOptions network;
    network.headers.emplace_back(std::move(name), std::move(value));
    return refusal(network, dialect);
}

TEST(NetworkValidation, TheDefaultsAreValid) { EXPECT_EQ(refusal({}), ""); }

TEST(NetworkValidation, AHeaderCannotBringAnother) {
    EXPECT_EQ(refusal_of_header("X-Title", "Canyon Racer\tII"), "");
    EXPECT_EQ(refusal_of_header("Authorization", "Bearer gateway"), "");
    for (const char* value : {"a\r\nX-Other: b", "a\nb", "a\rb"}) {
        EXPECT_TRUE(contains(refusal_of_header("X-Title", value), "X-Title")) << value;
    }
    EXPECT_NE(refusal_of_header("X-Title", std::string("a\0b", 3)), "");
    for (const char* name : {"", "X Title", "X-Title:", "X-Title\r\nX-Other", "X-T\xc3\xaftle"}) {
        EXPECT_NE(refusal_of_header(name, "value"), "") << name;
    }
}

TEST(NetworkValidation, TheClientsOwnHeadersStayItsOwn) {
    for (const char* name : {"Content-Type", "content-encoding", "CONTENT-LENGTH", "Transfer-Encoding"}) {
        EXPECT_TRUE(contains(refusal_of_header(name, "x"), name)) << name;
    }
}

TEST(NetworkValidation, TheKeysHeaderIsThatOfTheDialect) {
    const std::pair<Dialect, const char*> key_headers[] = {{Dialect::productgraph, "x-pg-api-key"},
                                                           {Dialect::pulse, "Authorization"},
                                                           {Dialect::gateway, "X-API-KEY"},
                                                           {Dialect::analytics, "X-Pulse-Key"},
                                                           {Dialect::ingest, "X-API-Key"}};
    for (const auto& [dialect, own] : key_headers) {
        for (const auto& [other, name] : key_headers) {
            EXPECT_EQ(refusal_of_header(name, "x", dialect).empty(), ::strcasecmp(name, own) != 0)
                << name << " in " << wire::wire_of(dialect).name;
        }
    }
}

TEST(NetworkValidation, AClientOfAnyDialectLooks) {
    Options options;
    options.endpoint = "http://127.0.0.1:1";
    options.api_key = "the-key";
    options.app_name = "network-test";
    options.dialect = Dialect::pulse;
    options.network.headers = {{"authorization", "Bearer another"}};
    const auto client = Client::open(std::move(options));
    ASSERT_FALSE(client.ok());
    EXPECT_TRUE(contains(client.error().message, "authorization")) << client.error().message;
}

TEST(NetworkValidation, APinIsAHashAndNeverAFile) {
    const auto refused = [](const std::string& pin) {
        NetworkOptions network;
        network.pinned_public_keys = {pin};
        return !refusal(network).empty();
    };
    const std::string hash = "YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=";
    EXPECT_FALSE(refused("sha256//" + hash));
    for (const std::string& pin : {std::string(), hash, std::string("key.pem"), "sha256//" + hash + ";sha256//" + hash,
                                   "sha1//" + hash, "sha256//" + hash.substr(1), "sha256//" + hash.substr(1) + ";"}) {
        EXPECT_TRUE(refused(pin)) << pin;
    }
}

TEST(NetworkValidation, AProxyIsAnAddressAndItsPasswordStaysSecret) {
    const auto refused = [](const std::string& proxy) {
        NetworkOptions network;
        network.proxy = proxy;
        const std::string message = refusal(network);
        EXPECT_FALSE(contains(message, "secret")) << message;
        return !message.empty();
    };
    for (const char* proxy :
         {"none", "http://user:secret@proxy:3128", "HTTPS://proxy", "socks5h://[::1]:1080", "proxy:80"})
        EXPECT_FALSE(refused(proxy)) << proxy;
    for (const char* proxy : {"ftp://user:secret@proxy", "http://", "://proxy", "http://user:secret@proxy\r\nX: y"})
        EXPECT_TRUE(refused(proxy)) << proxy;
}

TEST(NetworkValidation, NoTextHasALineBreak) {
    NetworkOptions network;
    network.user_agent = "agent\r\nX-Other: b";
    EXPECT_TRUE(contains(refusal(network), "user_agent"));
    network = {};
    network.ca_bundle = "a\nb";
    EXPECT_TRUE(contains(refusal(network), "ca_bundle"));
}

}  // namespace
}  // namespace pulsekit
