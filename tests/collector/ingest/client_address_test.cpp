#include "ingest/client_address.hpp"

#include <gtest/gtest.h>

namespace collector::ingest {
namespace {

std::string client(const std::vector<std::string>& trusted, const std::string& remote,
                   const std::vector<std::string>& forwarded) {
    http::Request request;
    request.remote_address = remote;
    for (const auto& value : forwarded) request.headers.emplace("X-Forwarded-For", value);
    return TrustedProxies::parse(trusted).value().client_of(request);
}

TEST(ClientAddress, IsTheConnectionsUnlessATrustedProxySpeaks) {
    EXPECT_EQ(client({}, "1.2.3.4", {"9.9.9.9"}), "1.2.3.4");
    EXPECT_EQ(client({"10.0.0.0/8"}, "1.2.3.4", {"9.9.9.9"}), "1.2.3.4");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.1.2.3", {}), "10.1.2.3");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.1.2.3", {"9.9.9.9"}), "9.9.9.9");
    EXPECT_EQ(client({"10.0.0.0/8"}, "::ffff:10.1.2.3", {"9.9.9.9"}), "9.9.9.9");
}

TEST(ClientAddress, IsTheLastThatNoTrustedProxyHas) {
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"6.6.6.6, 9.9.9.9, 10.0.0.2"}), "9.9.9.9");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"6.6.6.6", "9.9.9.9,10.0.0.2"}), "9.9.9.9");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"9.9.9.9, nonsense"}), "10.0.0.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {""}), "10.0.0.1");
}

TEST(ClientAddress, KnowsPortsAndIpv6) {
    EXPECT_EQ(client({"10.0.0.1"}, "10.0.0.1", {"9.9.9.9:4711"}), "9.9.9.9");
    EXPECT_EQ(client({"fd00::/8"}, "fd12::1", {"2001:db8::7"}), "2001:db8::7");
    EXPECT_EQ(client({"fd00::/8"}, "fd12::1", {"[2001:DB8::7]:443"}), "2001:db8::7");
    EXPECT_EQ(client({"fd00::/8"}, "fd12::1", {"["}), "fd12::1");
}

TEST(TrustedProxies, NetworksEndWhereTheirBitsDo) {
    const auto networks = TrustedProxies::parse({"192.168.4.0/22", "2001:db8::/33", " 127.0.0.1 ", "0.0.0.0/0"});
    ASSERT_TRUE(networks.ok());
    const auto narrow = TrustedProxies::parse({"192.168.4.0/22", "2001:db8::/33", " 127.0.0.1 "});
    ASSERT_TRUE(narrow.ok());
    EXPECT_TRUE(narrow->contains("192.168.7.255"));
    EXPECT_FALSE(narrow->contains("192.168.8.0"));
    EXPECT_TRUE(narrow->contains("2001:db8:7fff::"));
    EXPECT_FALSE(narrow->contains("2001:db8:8000::"));
    EXPECT_TRUE(narrow->contains("127.0.0.1"));
    EXPECT_FALSE(narrow->contains("127.0.0.2"));
    EXPECT_FALSE(narrow->contains("nonsense"));
    EXPECT_TRUE(networks->contains("8.8.8.8"));
    EXPECT_FALSE(networks->contains("::1")) << "all of IPv4 is not all of IPv6";
}

TEST(TrustedProxies, RefusesWhatIsNoNetwork) {
    for (const char* text :
         {"", "proxy", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "::/129", "1.2.3"}) {
        EXPECT_FALSE(TrustedProxies::parse({text}).ok()) << text;
    }
}

}  // namespace
}  // namespace collector::ingest
