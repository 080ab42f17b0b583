// Clients that take more than their share: of the thread that reads, of memory, of time.
#include <gtest/gtest.h>

#include "tests/collector/http/parking_fixture.hpp"

namespace collector::http {
namespace {

TEST_F(ParkingTest, WhoSendsWithoutEndKeepsNobodyElseWaiting) {
    start();
    const std::string lines(1024 * 1024, '\n');
    std::atomic<std::size_t> flooded = 0;
    const auto endless = client();
    std::vector<std::jthread> floods;
    for (int i = 0; i < 3; ++i) {  // together they send faster than the server reads
        floods.emplace_back([&](std::stop_token stop) { flooded += endless.flood(lines, stop); });
    }
    floods.emplace_back([&](std::stop_token stop) {  // a body that was refused
        auto one = client();
        one.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n");
        flooded += one.flood(lines, stop);
    });
    ASSERT_TRUE(eventually([&] { return server_->counters().open == 2; }));
    for (int i = 0; i < 50; ++i) {
        auto one = client();
        ASSERT_TRUE(one.send(post("x")));
        ASSERT_EQ(one.status(), 200) << i;
    }
    floods.clear();
    EXPECT_GT(flooded, 10u << 20) << "so that the flood was one";
}

TEST_F(ParkingTest, WhatRequestsHoldIsBoundedWhileBodiesGrow) {
    options_.limits.max_body_bytes = 1'000'000;
    options_.limits.max_held_bytes = 4'000'000;
    start();
    std::vector<RawClient> clients;
    const auto whole = post(std::string(900'000, 'x'));
    const auto half = whole.size() / 2;
    for (int i = 0; i < 12; ++i) clients.push_back(client());
    for (const auto& one : clients) ASSERT_TRUE(one.send(whole.substr(0, 1000)));  // each is welcome when it begins
    std::size_t most = 0;
    for (const std::size_t at : {std::size_t{1000}, half}) {
        for (const auto& one : clients) {
            one.send(std::string_view(whole).substr(at, at == half ? whole.size() - 1 - half : half - 1000));
            most = std::max<std::size_t>(most, server_->counters().held_bytes);
        }
    }
    ASSERT_TRUE(eventually([&] { return server_->counters().bad_requests >= 8; }));
    EXPECT_LE(std::max<std::size_t>(most, server_->counters().held_bytes), 4'000'000u + 256'000u);
    auto small = client();
    ASSERT_TRUE(small.send(post("small")));
    EXPECT_EQ(small.status(), 200);
    int served = 0;
    for (auto& one : clients) {
        one.send("x");
        const auto answer = one.answer();
        if (answer.substr(9, 3) == "200") {
            ++served;
        } else {
            EXPECT_NE(answer.find("503 Service Unavailable\r\n"), std::string::npos) << answer.substr(0, 100);
            EXPECT_NE(answer.find("Retry-After: 1\r\n"), std::string::npos);
        }
    }
    EXPECT_GE(served, 2) << "who had room keeps it";
    EXPECT_TRUE(eventually([&] { return server_->counters().held_bytes == 0; })) << "while they are connected";
}

TEST_F(ParkingTest, ChunksGrowWithinTheBoundToo) {
    options_.limits.max_held_bytes = 80'000;
    start();
    auto one = client();
    ASSERT_TRUE(one.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    one.send("15f90\r\n" + std::string(89'999, 'x'));
    EXPECT_EQ(one.status(), 503);
}

TEST_F(ParkingTest, ARequestIsHeldUntilItIsAnsweredEvenIfItsClientLeaves) {
    start();
    held_ = true;
    {
        auto gone = client();
        ASSERT_TRUE(gone.send(post_later(std::string(90'000, 'x'))));
        ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
        gone.reset();
    }
    ASSERT_TRUE(eventually([&] { return server_->counters().open == 0; }));
    EXPECT_GE(server_->counters().held_bytes, 90'000u);
    held_ = false;
    EXPECT_TRUE(eventually([&] { return server_->counters().held_bytes == 0; }));
}

TEST_F(ParkingTest, AnswersThatNobodyReadsAreHeldWithinTheBoundToo) {
    options_.limits.max_held_bytes = 20'000'000;
    start();
    const std::string request = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    auto first = client();
    ASSERT_TRUE(first.send(request));
    ASSERT_TRUE(eventually([&] { return server_->counters().held_bytes >= 12'000'000; }));
    auto second = client();
    ASSERT_TRUE(second.send(request));
    ASSERT_TRUE(eventually([&] { return server_->counters().timed_out == 1; }));
    EXPECT_LT(second.answer().size(), 12'000'000u);
    EXPECT_GT(first.answer().size(), 12'000'000u);
    EXPECT_TRUE(eventually([&] { return server_->counters().held_bytes == 0; }));
}

TEST_F(ParkingTest, EmptyLinesDoNotBeginARequest) {
    options_.limits.head_time = milliseconds(200);
    start();
    auto one = client();
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(one.send("\r\n"));
        std::this_thread::sleep_for(milliseconds(200));
    }
    ASSERT_TRUE(one.send(post("x")));
    EXPECT_EQ(one.status(), 200);
}

TEST_F(ParkingTest, EmptyLinesDoNotKeepAConnection) {
    options_.limits.idle_time = milliseconds(1000);
    start();
    auto one = client();
    const auto until = steady_clock::now() + kPatience;
    while (one.send("\r\n") && steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(50));
    EXPECT_TRUE(one.ends());
    EXPECT_EQ(server_->counters().timed_out, 0u) << "it was idle";
}

TEST_F(ParkingTest, AnInvitationToSendABodyDoesNotGiveItMoreTime) {
    options_.limits.body_time = milliseconds(300);
    options_.limits.answer_time = std::chrono::minutes(10);
    start();
    auto one = client();
    ASSERT_TRUE(one.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    EXPECT_TRUE(one.ends());
    EXPECT_EQ(server_->counters().timed_out, 1u);
}

TEST_F(ParkingTest, LinesThatEndInLineFeedAloneAreRefusedAtOnce) {
    options_.limits.head_time = std::chrono::minutes(10);
    start();
    for (const std::string head : {"GET /hello HTTP/1.1\nHost: a\n\n", "GET /hello HTTP/1.1\r\nHost: a\n"}) {
        auto one = client();
        ASSERT_TRUE(one.send(head));
        EXPECT_EQ(one.status(), 400) << head;
        EXPECT_TRUE(one.ends());
    }
}

TEST_F(ParkingTest, WhereNobodyCanGiveWayAClientIsToldSo) {
    options_.limits.max_connections = 1;
    start();
    held_ = true;
    auto first = client();
    ASSERT_TRUE(first.send(post_later("first")));
    ASSERT_TRUE(eventually([&] { return waiting() == 1; }));
    auto second = client();
    const auto answer = second.answer();
    EXPECT_EQ(answer.substr(0, 34), "HTTP/1.1 503 Service Unavailable\r\n");
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(second.ends());
    EXPECT_EQ(server_->counters().refused, 1u);
    held_ = false;
    EXPECT_EQ(first.status(), 200);
}

TEST_F(ParkingTest, WhatAStoppedServerHasNotBegunItNeverBegins) {
    options_.threads = 1;
    options_.limits.drain_time = milliseconds(100);
    start();
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(client());
        ASSERT_TRUE(clients.back().send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    ASSERT_TRUE(eventually([&] { return sleepers_ == 1 && server_->counters().requests == 20; }));
    std::jthread stopping([&] { server_->stop(); });
    for (auto& one : clients) EXPECT_TRUE(one.ends()) << "whatever the handlers do";
    // The handlers' threads are told right after the connections' one; a second is plenty for that.
    std::this_thread::sleep_for(std::chrono::seconds(1));
    asleep_ = false;
    stopping.join();
    EXPECT_EQ(sleepers_, 1);
}

}  // namespace
}  // namespace collector::http
