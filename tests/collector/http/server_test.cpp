#include "http/server.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace collector::http
