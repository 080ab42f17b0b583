#include "http/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "tests/collector/http/parking_fixture.hpp"
#include "tests/support/http_client.hpp"

namespace collector::http {
namespace {

using pulsekit::test::http;

Route route(std::string method, std::string pattern, Handler handler) {
    return {.method = std::move(method),
            .pattern = std::move(pattern),
            .handler = std::move(handler),
            .envelope = plain_envelope};
}

class ServerTest : public testing::Test {
protected:
    std::string start(std::vector<Route> routes, Server::Options options = {}) {
        options.port = 0;
        server_ = std::make_unique<Server>(std::move(routes), std::move(options));
        const auto port = server_->start();
        EXPECT_TRUE(port.ok());
        return "http://127.0.0.1:" + std::to_string(*port);
    }
    std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AHandlerMayAnswerAfterItHasReturned) {
    std::mutex mutex;
    std::vector<Responder> kept;
    const std::string base = start({route("POST", "/later", [&](Request, Responder responder) {
        const std::lock_guard lock(mutex);
        kept.push_back(std::move(responder));
    })});
    std::jthread answering([&](std::stop_token stop) {
        while (!stop.stop_requested()) {
            const std::lock_guard lock(mutex);
            for (auto& responder : kept) responder.answer({.status = 202, .body = "{\"late\":true}"});
            kept.clear();
        }
    });
    const auto reply = http("POST", base + "/later", {}, "x");
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(reply.body, "{\"late\":true}");
}

TEST_F(ServerTest, AForgottenOrThrowingHandlerCostsOneRequestA500) {
    const std::string base =
        start({route("GET", "/forgets", [](Request, Responder) {}),
               route("GET", "/throws", [](Request, Responder) { throw std::runtime_error("oops"); }),
               route("GET", "/throws-a-number", [](Request, Responder) { throw 42; }),
               route("GET", "/fine", [](Request, Responder r) { r.answer({.body = "{}"}); })});
    EXPECT_EQ(http("GET", base + "/forgets").status, 500);
    EXPECT_EQ(http("GET", base + "/throws").body, "{\"error\":\"Internal server error.\"}");
    EXPECT_EQ(http("GET", base + "/throws-a-number").status, 500);
    EXPECT_EQ(http("GET", base + "/fine").status, 200);
}

TEST_F(ServerTest, TheBodyArrivesAsItWasSent) {
    std::promise<Request> arrived;
    const std::string base = start({route("POST", "/in", [&](Request request, Responder responder) {
        arrived.set_value(std::move(request));
        responder.answer({.status = 204});
    })});
    const std::string bytes(20'000, '\x1f');  // a form this long, or a body that is not gzip, must not be touched
    EXPECT_EQ(http("POST", base + "/in?a=1&b=x%20y",
                   {"Content-Encoding: gzip", "Content-Type: application/x-www-form-urlencoded"}, bytes)
                  .status,
              204);
    const Request seen = arrived.get_future().get();
    EXPECT_EQ(seen.body, bytes);
    EXPECT_EQ(seen.header("content-encoding"), "gzip");
    EXPECT_EQ(seen.header("CONTENT-TYPE"), "application/x-www-form-urlencoded");
    EXPECT_EQ(seen.parameter("b"), "x y");
    EXPECT_EQ(seen.remote_address, "127.0.0.1");
}

TEST_F(ServerTest, ARequestWithoutALengthHasNoBody) {
    const std::string base = start({route("PATCH", "/in", [](Request request, Responder responder) {
        responder.answer({.body = std::to_string(request.body.size())});
    })});
    EXPECT_EQ(http("PATCH", base + "/in").body, "0");
    EXPECT_EQ(http("PATCH", base + "/nowhere").status, 404);
}

TEST_F(ServerTest, TheBodyLimitIsExactAndAnsweredInTheRoutesEnvelope) {
    Server::Options options;
    options.limits.max_body_bytes = 1000;
    auto in = route("POST", "/in", [](Request, Responder responder) { responder.answer({.status = 204}); });
    in.envelope = [](int status) { return Response{.status = status == 413 ? 400 : status, .body = "{\"mine\":1}"}; };
    const std::string base = start({in}, options);
    EXPECT_EQ(http("POST", base + "/in", {}, std::string(1000, 'x')).status, 204);
    const auto over = http("POST", base + "/in", {}, std::string(1001, 'x'));
    EXPECT_EQ(over.status, 400);
    EXPECT_EQ(over.body, "{\"mine\":1}");
}

TEST_F(ServerTest, UnknownPathsAndMethods) {
    Server::Options options;
    options.not_found_envelopes = {
        {"/special/", [](int status) { return Response{.status = status, .body = "{\"s\":1}"}; }}};
    const std::string base = start({route("POST", "/in", [](Request, Responder r) { r.answer({}); })}, options);
    EXPECT_EQ(http("GET", base + "/nowhere").body, "{\"error\":\"Not found.\"}");
    EXPECT_EQ(http("GET", base + "/special/x").body, "{\"s\":1}");
    const auto wrong = http("DELETE", base + "/in");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_NE(wrong.head.find("Allow: POST"), std::string::npos) << wrong.head;
    EXPECT_EQ(wrong.body, "{\"error\":\"Method not allowed.\"}");
}

TEST_F(ServerTest, OtherOriginsMayAskFirstAndReadWhatIsMeantForThem) {
    auto open_route = route("POST", "/in", [](Request, Responder r) { r.answer({.status = 204}); });
    open_route.cross_origin = true;
    const std::string base = start({open_route, route("POST", "/own", [](Request, Responder r) { r.answer({}); })});
    const auto preflight = http("OPTIONS", base + "/in");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_NE(preflight.head.find("Access-Control-Allow-Methods: POST"), std::string::npos) << preflight.head;
    EXPECT_NE(preflight.head.find("Access-Control-Max-Age: 86400"), std::string::npos);
    EXPECT_NE(preflight.head.find("Access-Control-Allow-Origin: *"), std::string::npos);
    EXPECT_NE(http("POST", base + "/in", {}, "x").head.find("Access-Control-Allow-Origin: *"), std::string::npos);
    EXPECT_NE(http("PUT", base + "/in", {}, "x").head.find("Access-Control-Allow-Origin: *"), std::string::npos);
    EXPECT_EQ(http("POST", base + "/own", {}, "x").head.find("Access-Control-Allow-Origin"), std::string::npos);
    EXPECT_EQ(http("OPTIONS", base + "/nowhere").status, 404);
}

TEST_F(ServerTest, WhatTakesTooLongIsGivenUpWhenItStops) {
    std::promise<void> begun;
    std::promise<void> given_up;
    Server::Options options;
    options.limits.drain_time = std::chrono::milliseconds(50);
    options.give_up = [&, once = std::make_shared<std::once_flag>()] {  // a function is copied, and its flag shared
        std::call_once(*once, [&] { given_up.set_value(); });
    };
    const std::string base = start({route("GET", "/long",
                                          [&](Request, Responder responder) {
                                              begun.set_value();
                                              given_up.get_future().wait();
                                              responder.answer({.status = 503});
                                          })},
                                   std::move(options));
    std::jthread asking([&] { EXPECT_THROW(http("GET", base + "/long"), std::runtime_error); });
    begun.get_future().wait();
    server_->stop();
}

TEST_F(ServerTest, AHandlerIsToldWhenItsClientHasGone) {
    std::promise<void> begun;
    std::promise<void> told;
    const std::string base = start({route("GET", "/long", [&](Request request, Responder responder) {
        const std::stop_callback gone(request.gone, [&] { told.set_value(); });
        begun.set_value();
        told.get_future().wait();
        responder.answer({.status = 503});
    })});
    {
        RawClient client(std::stoi(base.substr(base.rfind(':') + 1)));
        ASSERT_TRUE(client.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n"));
        begun.get_future().wait();
    }
    server_->stop();  // waits for the handler, which waits for the end of its client
}

TEST_F(ServerTest, ARequestThatWasAnsweredIsNotGivenUp) {
    std::stop_token gone;
    const std::string base = start({route("GET", "/short", [&](Request request, Responder responder) {
        gone = request.gone;
        EXPECT_TRUE(gone.stop_possible());
        responder.answer({});
    })});
    EXPECT_EQ(http("GET", base + "/short").status, 200);
    server_->stop();
    EXPECT_FALSE(gone.stop_requested());
}

TEST_F(ServerTest, TwoServersCannotShareAPort) {
    start({});
    Server::Options options;
    options.port = 0;
    Server first({}, options);
    const auto port = first.start();
    ASSERT_TRUE(port.ok());
    options.port = *port;
    Server second({}, options);
    const auto refused = second.start();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, pulsekit::ErrorCode::conflict);
}

/// Answers with `pieces` pieces of 64 KB, and counts those that were made.
Route streaming(std::atomic<int>& made, int pieces, bool fails = false) {
    auto streamed = route("GET", "/stream", [&made, pieces, fails](Request, Responder responder) {
        Response response{.content_type = "text/plain"};
        response.next_piece = [&made, pieces, fails, at = 0]() mutable -> pulsekit::Result<std::string> {
            if (at == pieces && fails) return pulsekit::Error{pulsekit::ErrorCode::unavailable, "the disk is gone"};
            if (at == pieces) return std::string();
            ++made;
            return std::string(64 * 1024, static_cast<char>('a' + at++ % 26));
        };
        responder.answer(std::move(response));
    });
    streamed.slow = true;
    return streamed;
}

TEST_F(ServerTest, AnAnswerInPiecesComesWhole) {
    std::atomic<int> made = 0;
    const std::string base = start({streaming(made, 100)});
    for (int i = 0; i < 2; ++i) {
        const auto reply = http("GET", base + "/stream");
        ASSERT_EQ(reply.body.size(), 100u * 64 * 1024);
        EXPECT_EQ(reply.body.back(), 'a' + 99 % 26);
        EXPECT_NE(reply.head.find("Transfer-Encoding: chunked"), std::string::npos);
    }
    EXPECT_EQ(made, 200);
    EXPECT_EQ(http("HEAD", base + "/stream").status, 200);
    EXPECT_EQ(made, 200);
}

TEST_F(ServerTest, AnAnswerThatCannotGoOnIsNotMistakenForAWholeOne) {
    std::atomic<int> made = 0;
    const std::string base = start({streaming(made, 3, true)});
    EXPECT_THROW((void)http("GET", base + "/stream"), std::runtime_error);
}

class StreamToSocket : public ServerTest {
protected:
    /// A connection that has asked.
    int ask(int pieces, const std::string& version) {
        const auto base = start({streaming(made_, pieces)});
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(base.substr(base.rfind(':') + 1))));
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        const std::string request = "GET /stream HTTP/" + version + "\r\nHost: x\r\n\r\n";
        EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
        return fd;
    }
    std::atomic<int> made_ = 0;
};

TEST_F(StreamToSocket, OfTheOldProtocolEndsWithTheConnection) {
    const int fd = ask(20, "1.0");
    std::string all;
    char buffer[16 * 1024];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
        all.append(buffer, static_cast<std::size_t>(got));
    ::close(fd);
    EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 20u * 64 * 1024);
    EXPECT_EQ(all.find("chunked"), std::string::npos);
}

TEST_F(StreamToSocket, NothingIsMadeForAClientThatDoesNotRead) {
    const int fd = ask(10'000, "1.1");
    char first = 0;
    ASSERT_EQ(::recv(fd, &first, 1, 0), 1);
    // What fits into the sockets' buffers, of which no machine has as much as all.
    int before = -1;
    while (before != made_) {
        before = made_;
        pollfd nothing{.fd = -1, .events = 0, .revents = 0};
        ::poll(&nothing, 1, 100);
    }
    EXPECT_LT(made_, 5'000);
    EXPECT_LT(server_->counters().held_bytes, 1u << 20);
    ::close(fd);  // and whoever leaves is forgotten
    server_->stop();
}

}  // namespace
}  // namespace collector::http
