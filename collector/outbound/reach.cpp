#include "outbound/reach.hpp"

#include <optional>

#include "model/networks.hpp"
#include "model/text.hpp"
#include "outbound/addresses.hpp"

namespace collector::outbound {
namespace {

using model::IpAddress;
using model::Networks;

/// Whatever is not one machine of the public Internet (IANA's registries of special-purpose addresses). Ranges that
/// embed an IPv4 address (compatible, translated, NAT64, 6to4, Teredo) are closed as a whole: they would lead around.
const Networks& closed() {
    static const Networks networks =
        Networks::parse({"0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
                         "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
                         "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",    "::/96",
                         "::ffff:0:0:0/96", "64:ff9b::/96",    "64:ff9b:1::/48", "100::/64",       "2001::/23",
                         "2001:db8::/32",   "2002::/16",       "3fff::/20",      "5f00::/16",      "fc00::/7",
                         "fe80::/10",       "fec0::/10",       "ff00::/8"})
            .value();
    return networks;
}

const Networks& loopback() {
    static const Networks networks = Networks::parse({"127.0.0.0/8", "::1"}).value();
    return networks;
}

bool may_connect(Reach reach, bool with_tls, const std::optional<IpAddress>& address) {
    if (reach == Reach::anywhere) return true;
    if (!address) return false;
    if (reach == Reach::loopback_too && loopback().contains(*address)) return true;
    return with_tls && !closed().contains(*address);
}

bool begins_with(std::string_view text, std::string_view with) {
    return model::lower(text.substr(0, with.size())) == with;
}

}  // namespace

bool may_connect(Reach reach, bool with_tls, const std::string& address) {
    return may_connect(reach, with_tls, IpAddress::parse(address));
}

std::string_view broken_rule(Reach reach, std::string_view url) {
    constexpr std::string_view kHttps = "https://";
    constexpr std::string_view kHttp = "http://";
    const bool with_tls = begins_with(url, kHttps);
    if (!with_tls && (reach == Reach::public_only || !begins_with(url, kHttp))) return "an https:// URL";
    const auto host = model::lower(host_of_url(url));
    if (host.empty()) return "a valid https:// URL";
    const bool named_loopback = host == "localhost" || host.ends_with(".localhost");
    const auto address = named_loopback ? IpAddress::parse("127.0.0.1") : IpAddress::parse(host);
    if (!with_tls && !(address && loopback().contains(*address)) && reach != Reach::anywhere) return "an https:// URL";
    if (address && !may_connect(reach, with_tls, address)) return "the URL of a public address";
    return {};
}

}  // namespace collector::outbound
