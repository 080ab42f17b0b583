// What handlers see of a head.
#include "http/head.hpp"

#include <gtest/gtest.h>

#include "tests/collector/http/parking_fixture.hpp"

namespace collector::http {
namespace {

Request read(const std::string& head) {
    HeadReader reader;
    Request request;
    EXPECT_EQ(reader.read(head + "\r\n", request), 0) << head;
    return request;
}

TEST(Head, FieldsAreTakenAsTheyWereSent) {
    const auto request =
        read("BREW /pot HTTP/1.1\r\nHost: a\r\nX-One: %41%0d+b \r\nx-two:\r\nRange: bytes=x\r\nX-ONE:\tc\r\n");
    EXPECT_EQ(request.method, "BREW");
    EXPECT_EQ(request.path, "/pot");
    EXPECT_EQ(request.header("x-one"), "%41%0d+b");
    EXPECT_EQ(request.header("X-Two"), "");
    EXPECT_EQ(request.header("range"), "bytes=x");
    EXPECT_EQ(request.headers.joined("X-One"), "%41%0d+b,c");
    EXPECT_FALSE(request.header("REMOTE_ADDR"));
}

TEST(Head, TargetsAreDecodedOnce) {
    const auto request = read("GET /a%20b/%2541?q=1+2%263&r=%253F HTTP/1.1\r\nHost: a\r\n");
    EXPECT_EQ(request.path, "/a b/%41");
    EXPECT_EQ(request.parameter("q"), "1 2&3");
    EXPECT_EQ(request.parameter("r"), "%3F");
    EXPECT_EQ(read("GET /a?q=x?y&r=? HTTP/1.1\r\nHost: a\r\n").parameter("q"), "x?y");
    EXPECT_EQ(read("GET http://a?q=1 HTTP/1.1\r\nHost: a\r\n").path, "/");
    EXPECT_EQ(read("GET http://a?q=1 HTTP/1.1\r\nHost: a\r\n").parameter("q"), "1");
    EXPECT_EQ(read("GET http://a HTTP/1.1\r\nHost: a\r\n").path, "/");
    EXPECT_EQ(read("OPTIONS * HTTP/1.1\r\nHost: a\r\n").path, "*");
    EXPECT_EQ(read("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n").path, "a:443");
    EXPECT_EQ(read("GET ?q=1 HTTP/1.1\r\nHost: a\r\n").path, "?q=1");
}

TEST_F(ParkingTest, FieldsThatLibrariesTripOverAreFieldsLikeAnyOther) {
    start();
    auto one = client();
    const std::string fields =
        "Host: a\r\nRange: bytes=5-1,x\r\nREMOTE_ADDR: 9.9.9.9\r\nX: %41\r\nX: " + std::string(20'000, 'x');
    ASSERT_TRUE(one.send("GET /header?q=a?b HTTP/1.1\r\n" + fields + "\r\n\r\n"));
    const auto answer = one.answer();
    EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), "%41," + std::string(20'000, 'x') + "|a?b");
}

TEST_F(ParkingTest, UnknownMethodsAreAnsweredByTheirPath) {
    start();
    auto one = client();
    ASSERT_TRUE(one.send("BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto known = one.answer();
    EXPECT_EQ(known.substr(9, 3), "405");
    EXPECT_NE(known.find("Allow: POST\r\n"), std::string::npos) << known;
    EXPECT_NE(known.find("{\"error\":\"Method not allowed.\"}"), std::string::npos) << known;
    for (const std::string line : {"BREW /nowhere", "CONNECT a:443", "OPTIONS *"}) {
        ASSERT_TRUE(one.send(line + " HTTP/1.1\r\nHost: a\r\n\r\n"));
        EXPECT_EQ(one.status(), 404) << line;
    }
}

}  // namespace
}  // namespace collector::http
