#include "outbound/reach.hpp"

#include "outbound/addresses.hpp"

#include <gtest/gtest.h>

namespace collector::outbound {
namespace {

TEST(Reach, OnlyPublicAddressesAreConnectedTo) {
    for (const char* address : {"1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255",
                                "223.255.255.255", "2606:4700:4700::1111", "::ffff:1.1.1.1", "2a00:1450:4001::1"}) {
        EXPECT_TRUE(may_connect(Reach::public_only, true, address)) << address;
        EXPECT_FALSE(may_connect(Reach::public_only, false, address)) << address << " without TLS";
        EXPECT_FALSE(may_connect(Reach::loopback_too, false, address)) << address << " without TLS";
    }
    for (const char* address : {"127.0.0.1",
                                "127.8.9.1",
                                "::1",
                                "::ffff:127.0.0.1",
                                "::127.0.0.1",
                                "0.0.0.0",
                                "::",
                                "10.0.0.1",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.168.1.1",
                                "169.254.169.254",
                                "::ffff:169.254.169.254",
                                "100.64.0.1",
                                "192.0.0.170",
                                "198.18.0.1",
                                "224.0.0.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "fd00::1",
                                "fe80::1",
                                "fec0::1",
                                "ff02::1",
                                "64:ff9b::a9fe:a9fe",
                                "2002:7f00:1::",
                                "2001:0:7f00:1::",
                                "2001:db8::1",
                                "::ffff:0:7f00:1",
                                "fd00:ec2::254",
                                "",
                                "nonsense"}) {
        EXPECT_FALSE(may_connect(Reach::public_only, true, address)) << address;
        EXPECT_TRUE(may_connect(Reach::anywhere, false, address)) << address;
    }
}

TEST(Reach, LoopbackIsConnectedToWhenItIsAllowed) {
    for (const char* address : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(may_connect(Reach::loopback_too, false, address)) << address;
        EXPECT_TRUE(may_connect(Reach::loopback_too, true, address)) << address;
    }
    EXPECT_FALSE(may_connect(Reach::loopback_too, true, "10.0.0.1"));
    EXPECT_FALSE(may_connect(Reach::loopback_too, true, "169.254.169.254"));
}

TEST(Reach, UrlsAreRefusedWithTheirRule) {
    const std::string_view https = "an https:// URL";
    const std::string_view valid = "a valid https:// URL";
    const std::string_view open = "the URL of a public address";
    const std::string long_url = "https://example.com/" + std::string(kMaxUrlLength, 'x');
    const struct {
        std::string url;
        std::string_view public_only;
        std::string_view loopback_too;
    } cases[] = {{"https://example.com", {}, {}},
                 {"https://example.com:8443/a?b#c", {}, {}},
                 {"https://user:word@example.com/", valid, valid},
                 {"https://1.1.1.1/hook", {}, {}},
                 {"https://[2606:4700:4700::1111]/hook", {}, {}},
                 {"http://example.com", https, https},
                 {"http://1.1.1.1", https, https},
                 {"ftp://example.com", https, https},
                 {"file:///etc/passwd", https, https},
                 {"gopher://127.0.0.1", https, https},
                 {"HTTPS://EXAMPLE.com", {}, {}},
                 {"example.com", https, https},
                 {"", https, https},
                 {"https://", valid, valid},
                 {"https:///path", valid, valid},
                 {"https://:443/", valid, valid},
                 {"https://exa mple.com", valid, valid},
                 {"https://example.com/\r\nHost: x", valid, valid},
                 {"https://example.com/\xc3\xa9", valid, valid},
                 {long_url, valid, valid},
                 {"https://localhost/hook", open, {}},
                 {"https://app.localhost/hook", open, {}},
                 {"https://127.0.0.1/hook", open, {}},
                 {"https://[::1]:9/hook", open, {}},
                 {"https://x@127.0.0.1/hook", valid, valid},
                 {"https://10.0.0.1/", open, open},
                 {"https://169.254.169.254/latest/meta-data", open, open},
                 {"https://[fd00:ec2::254]/", open, open},
                 {"http://localhost:8080/hook", https, {}},
                 {"http://127.0.0.1:8080/hook", https, {}},
                 {"http://[::1]/hook", https, {}},
                 {"http://127.0.0.1@example.com/", https, valid}};
    for (const auto& wanted : cases) {
        EXPECT_EQ(broken_rule(Reach::public_only, wanted.url), wanted.public_only) << wanted.url;
        EXPECT_EQ(broken_rule(Reach::loopback_too, wanted.url), wanted.loopback_too) << wanted.url;
    }
    EXPECT_EQ(broken_rule(Reach::anywhere, "http://10.0.0.1:8123/"), "");
}

}  // namespace
}  // namespace collector::outbound
