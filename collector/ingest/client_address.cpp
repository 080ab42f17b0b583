#include "ingest/client_address.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace collector::ingest {
namespace {

using Address = std::array<std::uint8_t, 16>;

constexpr unsigned kMappedBits = 96;

struct Parsed {
    Address address{};
    bool v4 = false;
};

std::optional<Parsed> parse_address(std::string_view text) {
    const std::string terminated(text);
    Parsed parsed;
    if (inet_pton(AF_INET, terminated.c_str(), &parsed.address[12]) == 1) {
        parsed.address[10] = parsed.address[11] = 0xff;
        parsed.v4 = true;
        return parsed;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), parsed.address.data()) == 1) return parsed;
    return std::nullopt;
}

/// One form for each address: an IPv4 one that came mapped into IPv6 is IPv4.
std::string text_of(const Address& address) {
    static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char text[INET6_ADDRSTRLEN] = "";
    if (std::memcmp(address.data(), kMapped, sizeof kMapped) == 0) {
        inet_ntop(AF_INET, &address[12], text, sizeof text);
    } else {
        inet_ntop(AF_INET6, address.data(), text, sizeof text);
    }
    return text;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Some proxies write the port too: `1.2.3.4:5678`, `[::1]:5678`.
std::string_view without_port(std::string_view text) {
    if (!text.empty() && text.front() == '[') return text.substr(1, std::min(text.find(']'), text.size()) - 1);
    const auto colon = text.find(':');
    const bool one_colon = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    return one_colon ? text.substr(0, colon) : text;
}

bool same_network(const Address& a, const Address& b, unsigned bits) {
    const unsigned whole = bits / 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
    return (a[whole] & mask) == (b[whole] & mask);
}

}  // namespace

pulsekit::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
    TrustedProxies proxies;
    for (const auto& text : networks) {
        const std::string_view whole = trimmed(text);
        const auto slash = std::min(whole.find('/'), whole.size());
        const auto address = parse_address(whole.substr(0, slash));
        const pulsekit::Error error{pulsekit::ErrorCode::invalid, "not a network: '" + text + "'"};
        if (!address) return error;
        Network network{.address = address->address};
        if (slash < whole.size()) {
            const auto digits = whole.substr(slash + 1);
            const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), network.bits);
            if (failed != std::errc() || end != digits.data() + digits.size()) return error;
            if (network.bits > (address->v4 ? 32u : 128u)) return error;
            if (address->v4) network.bits += kMappedBits;
        }
        proxies.networks_.push_back(network);
    }
    return proxies;
}

bool TrustedProxies::contains(std::string_view address) const {
    const auto parsed = parse_address(address);
    if (!parsed) return false;
    for (const auto& network : networks_) {
        if (same_network(parsed->address, network.address, network.bits)) return true;
    }
    return false;
}

std::string TrustedProxies::client_of(const http::Request& request) const {
    const auto direct = parse_address(request.remote_address);
    std::string client = direct ? text_of(direct->address) : request.remote_address;
    if (networks_.empty() || !contains(client)) return client;
    const std::string chain = request.headers.joined("X-Forwarded-For");
    // From the right: each entry was written by the machine after it, and holds only if that one is trusted.
    std::string_view rest = chain;
    while (!rest.empty()) {
        const auto comma = rest.rfind(',');
        const auto entry = parse_address(without_port(trimmed(comma == rest.npos ? rest : rest.substr(comma + 1))));
        if (!entry) break;
        client = text_of(entry->address);
        if (!contains(client)) break;
        rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
    }
    return client;
}

}  // namespace collector::ingest
