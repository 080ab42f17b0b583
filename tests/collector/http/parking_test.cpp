// Connections that keep to the protocol, and those that come to grief with it.
#include <gtest/gtest.h>

#include <random>

#include "tests/collector/http/parking_fixture.hpp"

namespace collector::http {
namespace {

TEST_F(ParkingTest, AConnectionIsKeptAndServesOneRequestAfterAnother) {
    start();
    auto one = client();
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(one.send(post("n" + std::to_string(i))));
        const auto answer = one.answer();
        EXPECT_EQ(answer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                              std::to_string(i < 10 ? 2 : 3) + "\r\n\r\nn" + std::to_string(i));
    }
    EXPECT_EQ(server_->counters().accepted, 1u);
    EXPECT_EQ(server_->counters().requests, 100u);
}

TEST_F(ParkingTest, PipelinedRequestsAreAnsweredInOrder) {
    start();
    auto one = client();
    std::string all;
    for (int i = 0; i < 200; ++i) {
        std::string request = post(std::to_string(1000 + i));
        if (i % 3 == 0) request.replace(5, 5, "/later");
        all += request;
    }
    ASSERT_TRUE(one.send(all));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(one.answer().substr(70), std::to_string(1000 + i)) << i;
}

TEST_F(ParkingTest, ARequestMayComeByteByByte) {
    start();
    auto one = client();
    const std::string request = "\r\n" + post("hello");
    for (const char byte : request) ASSERT_TRUE(one.send(std::string(1, byte)));
    EXPECT_EQ(one.answer().substr(70), "hello");
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: "
        "t\r\n\r\n";
    for (const char byte : chunked) ASSERT_TRUE(one.send(std::string(1, byte)));
    EXPECT_EQ(one.answer().substr(71), "hello world");
}

TEST_F(ParkingTest, ContinueIsSaidToWhoAsksForIt) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    EXPECT_EQ(one.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(one.send("hello"));
    EXPECT_EQ(one.answer().substr(70), "hello");
    ASSERT_TRUE(one.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n"));
    EXPECT_EQ(one.status(), 413) << "no invitation to send what is refused";
    EXPECT_TRUE(one.ends());
}

TEST_F(ParkingTest, OlderClientsAreServed) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send("GET /hello HTTP/1.0\r\n\r\n"));
    EXPECT_NE(one.answer().find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(one.ends());
    auto kept = client();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
        EXPECT_NE(kept.answer().find("Connection: keep-alive\r\n"), std::string::npos);
    }
}

TEST_F(ParkingTest, WhoAsksForTheEndGetsIt) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send(post("x", "Connection: close\r\n")));
    EXPECT_EQ(one.status(), 200);
    EXPECT_TRUE(one.ends());
}

TEST_F(ParkingTest, HeadIsAnsweredWithoutABody) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    EXPECT_EQ(one.answer(), head + "HTTP/1.1 ");  // this client takes what follows for a body
}

TEST_F(ParkingTest, AnAbsoluteTargetIsItsPath) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send("GET http://some.host:80/hello?a=1 HTTP/1.1\r\nHost: some.host\r\n\r\n"));
    EXPECT_EQ(one.answer().substr(70), "127.0.0.1");
}

TEST_F(ParkingTest, WhatIsNoRequestIsRefusedAndTheConnectionEnded) {
    start();
    const std::string host = "Host: a\r\n";
    const std::pair<std::string, int> cases[] = {
        {"nonsense\r\n\r\n", 400},
        {"GET /hello HTTP/1.1\r\n\r\n", 400},
        {"GET /hello HTTP/3.0\r\n" + host + "\r\n", 505},
        {"GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 414},
        {"GET /hello HTTP/1.1\r\n" + host + "X: " + std::string(40'000, 'x') + "\r\n\r\n", 431},
        {"GET /hello HTTP/1.1\r\n" + host + "X: " + std::string(40'000, 'x'), 431},
        {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 99999999\r\n\r\n", 413},
        {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400},
        {"POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n186a1\r\n", 413},
        {"POST /nowhere HTTP/1.1\r\n" + host + "Content-Length: 99999999\r\n\r\n", 413},
        {std::string("\0\0\0\0\r\n\r\n", 8), 400},
        {"\x16\x03\x01\x02\r\n\r\n", 400},  // the beginning of TLS
    };
    for (const auto& [bytes, status] : cases) {
        auto one = client();
        ASSERT_TRUE(one.send(bytes));
        const auto answer = one.answer();
        EXPECT_EQ(answer.substr(9, 3), std::to_string(status)) << bytes.substr(0, 60);
        EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
        EXPECT_TRUE(one.ends()) << bytes.substr(0, 60);
    }
    auto fine = client();
    ASSERT_TRUE(fine.send(post("still here")));
    EXPECT_EQ(fine.status(), 200);
}

TEST_F(ParkingTest, ARefusalReachesAClientThatIsStillSending) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"));
    one.send(std::string(3'000'000, 'x'));
    EXPECT_EQ(one.status(), 413);
}

TEST_F(ParkingTest, TheLimitOfABodyIsExact) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send(post(std::string(100'000, 'x'))));
    EXPECT_EQ(one.answer().size(), 75u + 100'000u);
    ASSERT_TRUE(one.send(post(std::string(100'001, 'x'))));
    EXPECT_EQ(one.status(), 413);
}

TEST_F(ParkingTest, AClientThatHasGoneCostsNobodyAnything) {
    start();
    held_ = true;
    {
        auto gone = client();
        std::string request = post("lost");
        request.replace(5, 5, "/later");
        ASSERT_TRUE(gone.send(request));
        ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    }
    auto stays = client();
    ASSERT_TRUE(stays.send(post_later("kept")));
    ASSERT_TRUE(eventually([&] { return waiting() == 2; }));
    held_ = false;
    EXPECT_EQ(stays.answer().substr(70), "kept");
    stays.close();
    EXPECT_TRUE(eventually([&] { return server_->counters().open == 0; }));
}

TEST_F(ParkingTest, AClientThatHasSaidAllStillGetsItsAnswer) {
    start();
    held_ = true;
    auto one = client();
    ASSERT_TRUE(one.send(post_later("half")));
    one.half_close();
    ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    held_ = false;
    EXPECT_EQ(one.answer().substr(70), "half");
    EXPECT_TRUE(one.ends());
}

TEST_F(ParkingTest, SlowClientsAreCutAndHoldNoThread) {
    options_.threads = 1;
    options_.limits.head_time = milliseconds(300);
    options_.limits.body_time = milliseconds(300);
    options_.limits.answer_time = milliseconds(300);
    options_.limits.idle_time = milliseconds(600);
    start();
    auto head = client();
    auto body = client();
    auto reader = client();
    auto idle = client();
    ASSERT_TRUE(head.send("POST /echo HTTP/1.1\r\nHos"));
    ASSERT_TRUE(body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
    ASSERT_TRUE(reader.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
    ASSERT_TRUE(eventually([&] { return server_->counters().requests == 1; }));
    auto quick = client();
    ASSERT_TRUE(quick.send(post("quick")));
    EXPECT_EQ(quick.status(), 200);
    EXPECT_TRUE(eventually([&] { return server_->counters().timed_out == 3; }));
    EXPECT_TRUE(head.ends());
    EXPECT_TRUE(body.ends());
    EXPECT_TRUE(reader.ends());
    EXPECT_TRUE(idle.ends());
    EXPECT_EQ(server_->counters().timed_out, 3u) << "to be idle is no offence";
}

TEST_F(ParkingTest, ASlowReaderKeepsNobodyWaiting) {
    start();
    auto slow = client();
    ASSERT_TRUE(slow.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n" + post("behind")));
    for (int i = 0; i < 20; ++i) {
        auto quick = client();
        ASSERT_TRUE(quick.send(post("quick")));
        EXPECT_EQ(quick.status(), 200);
    }
    EXPECT_EQ(slow.answer().size(), 77u + 12'000'000u);
    EXPECT_EQ(slow.answer().substr(70), "behind");
}

TEST_F(ParkingTest, WhereThereIsNoRoomTheIdleGiveWay) {
    options_.limits.max_connections = 3;
    start();
    auto first = client();
    ASSERT_TRUE(first.send(post("a")));
    EXPECT_EQ(first.status(), 200);
    auto second = client();
    ASSERT_TRUE(second.send(post("b")));
    EXPECT_EQ(second.status(), 200);
    held_ = true;
    auto third = client();
    ASSERT_TRUE(third.send(post_later("c")));
    ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    auto fourth = client();
    ASSERT_TRUE(fourth.send(post("d")));
    EXPECT_EQ(fourth.status(), 200);
    EXPECT_EQ(server_->counters().evicted, 1u);
    held_ = false;
    EXPECT_EQ(third.answer().substr(70), "c") << "who waits for an answer is not idle";
}

TEST_F(ParkingTest, BodiesAreHeldWithinABound) {
    options_.limits.max_held_bytes = 150'000;
    start();
    held_ = true;
    auto first = client();
    std::string request = post(std::string(90'000, 'x'));
    request.replace(5, 5, "/later");
    ASSERT_TRUE(first.send(request));
    ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    auto second = client();
    ASSERT_TRUE(second.send(post(std::string(90'000, 'y'))));
    const auto refused = second.answer();
    EXPECT_EQ(refused.substr(9, 3), "503");
    EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos);
    held_ = false;
    EXPECT_EQ(first.status(), 200);
    auto third = client();
    ASSERT_TRUE(third.send(post(std::string(90'000, 'z'))));
    EXPECT_EQ(third.status(), 200) << "what was answered is not held";
}

TEST_F(ParkingTest, WhoWasAcceptedIsAnsweredAtTheEnd) {
    start();
    held_ = true;
    auto waits = client();
    ASSERT_TRUE(waits.send(post_later("accepted")));
    ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    auto idle = client();
    ASSERT_TRUE(idle.send(post("x")));
    EXPECT_EQ(idle.status(), 200);
    auto partial = client();
    ASSERT_TRUE(partial.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"));
    ASSERT_TRUE(eventually([&] { return server_->counters().open == 3; }));
    std::jthread stopping([&] { server_->stop(); });
    EXPECT_TRUE(idle.ends());
    ASSERT_TRUE(partial.send("cd"));
    EXPECT_EQ(partial.answer().substr(9, 3), "200");
    held_ = false;
    const auto answer = waits.answer();
    EXPECT_NE(answer.find("accepted"), std::string::npos);
    stopping.join();
    EXPECT_FALSE(client().connected());
}

TEST_F(ParkingTest, AStoppedServerWaitsForNobodyForever) {
    options_.limits.drain_time = milliseconds(200);
    start();
    held_ = true;
    auto waits = client();
    ASSERT_TRUE(waits.send(post_later("never")));
    ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    server_->stop();
    EXPECT_TRUE(waits.ends());
    held_ = false;  // answered when nobody is there any more
    EXPECT_TRUE(eventually([&] { return waiting() == 0; }));
}

TEST_F(ParkingTest, BothFamiliesOfAddressesAreServed) {
    options_.host = "::1";
    start();
    RawClient one(port_, true);
    ASSERT_TRUE(one.connected());
    ASSERT_TRUE(one.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(one.answer().substr(70), "::1");
}

TEST_F(ParkingTest, ManyIdleClientsStarveNobody) {
    start();
    std::vector<RawClient> clients;
    for (int i = 0; i < 900; ++i) clients.push_back(client());
    for (int round = 0; round < 3; ++round) {
        for (const auto& one : clients) ASSERT_TRUE(one.send(post("x")));
        for (auto& one : clients) ASSERT_EQ(one.status(), 200);
    }
    EXPECT_EQ(server_->counters().open, 900u);
}

TEST_F(ParkingTest, WhateverManyClientsDoEachGetsItsOwnAnswers) {
    start();
    constexpr int kClients = 8;
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::vector<std::jthread> threads;
    for (int t = 0; t < kClients; ++t) {
        threads.emplace_back([this, t, seed] {
            std::mt19937 random(seed + static_cast<unsigned>(t));
            for (int connection = 0; connection < 15; ++connection) {
                auto one = client();
                const int requests = 1 + static_cast<int>(random() % 8);
                std::string all;
                std::vector<std::string> bodies;
                for (int i = 0; i < requests; ++i) {
                    bodies.push_back(std::to_string(t) + ":" + std::to_string(connection) + ":" + std::to_string(i) +
                                     std::string(random() % 3000, 'p'));
                    std::string request = post(bodies.back());
                    if (random() % 2 == 0) request.replace(5, 5, "/later");
                    all += request;
                }
                const bool leaves = random() % 4 == 0;
                if (leaves) all.resize(random() % all.size());
                for (std::size_t at = 0; at < all.size();) {
                    const std::size_t size = 1 + random() % 2000;
                    if (!one.send(std::string_view(all).substr(at, size))) break;
                    at += size;
                }
                if (leaves) continue;
                for (const auto& body : bodies) {
                    const auto answer = one.answer();
                    EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), body);
                }
            }
        });
    }
    threads.clear();
    EXPECT_TRUE(eventually([&] { return server_->counters().open == 0; }));
}

}  // namespace
}  // namespace collector::http
