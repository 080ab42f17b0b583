#include "outbound/addresses.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace collector::outbound {
namespace {

TEST(Addresses, AUrlHasAHost) {
    for (const char* url :
         {"https://hooks.example.com/services/T00/B00", "https://h", "HTTPS://Example.COM", "https://h:8443/x?a=b#c",
          "https://h?q", "https://192.0.2.1/", "https://[2001:db8::1]:443/", "https://a-b_c.example/%20'()~@:"}) {
        EXPECT_NE(host_of_url(url), "") << url;
    }
}

TEST(Addresses, TheHostStandsAlone) {
    EXPECT_EQ(host_of_url("https://h.example:8443/x"), "h.example");
    EXPECT_EQ(host_of_url("http://[2001:db8::1]:443"), "2001:db8::1");
}

TEST(Addresses, WhatIsNoUrlIsRefused) {
    using namespace std::string_view_literals;
    for (const auto url : {""sv,
                           "example.com"sv,
                           "/hook"sv,
                           "https://"sv,
                           "https:///x"sv,
                           "https://:443"sv,
                           "https:/h"sv,
                           "ftp://h"sv,
                           "https://h:"sv,
                           "https://h:0"sv,
                           "https://h:65536"sv,
                           "https://h:8x"sv,
                           "https://user@h"sv,
                           "https://user:word@h/"sv,
                           "https://h\\x"sv,
                           "https://h x"sv,
                           "https://h/a b"sv,
                           "https://h/\r\nX: y"sv,
                           "https://h/\0"sv,
                           "https://h/\x7f"sv,
                           "https://h\xc3\xb6st/"sv,
                           "https://[::1"sv,
                           "https://[]"sv,
                           "https://[::1]x"sv,
                           "https://[g]"sv,
                           " https://h"sv}) {
        EXPECT_EQ(host_of_url(url), "") << url;
    }
    const std::string start = "https://h/";
    EXPECT_EQ(host_of_url(start + std::string(kMaxUrlLength - start.size(), 'a')), "h");
    EXPECT_EQ(host_of_url(start + std::string(kMaxUrlLength - start.size() + 1, 'a')), "");
}

TEST(Addresses, AMailboxIsOne) {
    using namespace std::string_view_literals;
    for (const auto address :
         {"ops@acme.com"sv, "a@b"sv, "first.last+tag@mail.example.co.uk"sv, "o'neil@x-y.example"sv, "1@2.example"sv}) {
        EXPECT_TRUE(is_email_address(address)) << address;
    }
    for (const auto address : {""sv,
                               "ops"sv,
                               "@acme.com"sv,
                               "ops@"sv,
                               "ops@@acme.com"sv,
                               "a@b@c.com"sv,
                               "ops@acme..com"sv,
                               "ops@.com"sv,
                               "ops@acme.com."sv,
                               "ops@-acme.com"sv,
                               "ops@acme-.com"sv,
                               "ops@acme_x.com"sv,
                               "o ps@acme.com"sv,
                               "ops@acme.com "sv,
                               "ops@acme.com\r\nBcc: x@y.z"sv,
                               "ops\n@acme.com"sv,
                               "ops@acme.com\0"sv,
                               "Ops <ops@acme.com>"sv,
                               "\"ops\"@acme.com"sv,
                               "ops,dev@acme.com"sv,
                               "\xc3\xb6ps@acme.com"sv}) {
        EXPECT_FALSE(is_email_address(address)) << address;
    }
    std::string longest = "@b.cd";
    longest.insert(0, kMaxEmailLength - longest.size(), 'a');
    EXPECT_TRUE(is_email_address(longest));
    EXPECT_FALSE(is_email_address("a" + longest));
    EXPECT_TRUE(is_email_address("a@" + std::string(63, 'b') + ".com"));
    EXPECT_FALSE(is_email_address("a@" + std::string(64, 'b') + ".com"));
}

}  // namespace
}  // namespace collector::outbound
