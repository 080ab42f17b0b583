#include "http/framing.hpp"

#include <gtest/gtest.h>

namespace collector::http {
namespace {

std::string head(const std::string& lines) { return lines + "\r\n"; }

struct Sound {
    const char* lines;
    bool chunked;
    std::uint64_t length;
    bool keep_alive;
};

TEST(Framing, OfSoundHeads) {
    const Sound cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n", false, 0, true},
        {"POST /x?y=1 HTTP/1.1\r\nhost:a\r\ncontent-length:  12 \r\n", false, 12, true},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n", false, 5, true},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n", true, 0, true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", false, 0, false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n", false, 0, false},
        {"GET / HTTP/1.0\r\n", false, 0, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", false, 0, true},
        {"GET http://a/b HTTP/1.1\r\nHost: a\r\n", false, 0, true},
    };
    for (const auto& [lines, chunked, length, keep_alive] : cases) {
        const auto framing = framing_of(head(lines));
        EXPECT_EQ(framing.refused, 0) << lines;
        EXPECT_EQ(framing.chunked, chunked) << lines;
        EXPECT_EQ(framing.content_length, length) << lines;
        EXPECT_EQ(framing.keep_alive, keep_alive) << lines;
    }
    EXPECT_TRUE(framing_of(head("HEAD / HTTP/1.1\r\nHost: a\r\n")).is_head);
    EXPECT_TRUE(framing_of(head("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n")).expects_continue);
    EXPECT_FALSE(framing_of(head("POST / HTTP/1.0\r\nExpect: 100-continue\r\n")).expects_continue);
}

TEST(Framing, WhatTwoMachinesMightReadDifferentlyIsRefused) {
    const std::pair<const char*, int> cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n", 400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\n folded: yes\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nnothing\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\n: x\r\n", 400},
        {"GET / HTTP/1.1\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n", 400},
        {"GET /\tx HTTP/1.1\r\nHost: a\r\n", 400},
        {"GET / x HTTP/1.1\r\nHost: a\r\n", 400},
        {"GET /\r\nHost: a\r\n", 400},
        {"G(T / HTTP/1.1\r\nHost: a\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n", 505},
        {"GET / HTTPS/1.1\r\nHost: a\r\n", 400},
        {"nonsense\r\n", 400},
    };
    for (const auto& [lines, status] : cases) EXPECT_EQ(framing_of(head(lines)).refused, status) << lines;
    using namespace std::string_literals;
    EXPECT_EQ(framing_of("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s).refused, 400);
    EXPECT_EQ(framing_of("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"s).refused, 400);
}

/// The body of the bytes, fed in pieces of `step`; "bad" and "more" are no bodies here.
std::string unchunked(const std::string& bytes, std::size_t step, std::string* rest = nullptr) {
    ChunkedBody chunks;
    std::string body;
    std::string pending;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        pending += bytes.substr(at, step);
        std::size_t consumed = 0;
        const auto state = chunks.take(pending, body, 1000, consumed);
        pending.erase(0, consumed);
        if (state == ChunkedBody::State::bad) return chunks.too_large() ? "too large" : "bad";
        if (state == ChunkedBody::State::done) {
            if (rest) *rest = pending + bytes.substr(std::min(at + step, bytes.size()));
            return body;
        }
    }
    return "more";
}

TEST(ChunkedBody, IsTheSameHoweverItComes) {
    const std::string big(1000, 'x');
    const std::pair<std::string, std::string> cases[] = {
        {"0\r\n\r\n", ""},
        {"5\r\nhello\r\n0\r\n\r\n", "hello"},
        {"5\r\nhello\r\n1\r\n \r\n5;a=b;c=\"d\"\r\nworld\r\n000\r\n\r\n", "hello world"},
        {"3e8\r\n" + big + "\r\n0\r\n\r\n", big},
        {"A\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", "0123456789"},
        {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
        {"3e9\r\n" + big + "y\r\n0\r\n\r\n", "too large"},
        {"3e8\r\n" + big + "\r\n1\r\nx\r\n0\r\n\r\n", "too large"},
        {"ffffffff\r\n", "too large"},
        {"fffffffff\r\n", "bad"},
        {"\r\n", "bad"},
        {"x\r\n", "bad"},
        {"-5\r\nhello", "bad"},
        {"5\nhello", "bad"},
        {"5\r\nhelloX\r\n", "bad"},
        {"5\r\nhello\rX", "bad"},
        {"5;a\nb\r\n", "bad"},
        {"0\r\nT: x\n", "bad"},
        {"5\r\nhel", "more"},
        {"5\r\nhello\r\n0\r\n", "more"},
        {"5;" + std::string(70'000, 'e'), "bad"},
    };
    for (const auto& [bytes, body] : cases) {
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}, bytes.size()}) {
            EXPECT_EQ(unchunked(bytes, step), body) << bytes.substr(0, 40) << " by " << step;
        }
    }
    std::string rest;
    unchunked("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1", 100, &rest);
    EXPECT_EQ(rest, "GET / HTTP/1.1");
}

}  // namespace
}  // namespace collector::http
