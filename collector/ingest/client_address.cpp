#include "ingest/client_address.hpp"

#include <algorithm>

namespace collector::ingest {
namespace {

using model::IpAddress;
using model::trimmed;

/// Some proxies write the port too: `1.2.3.4:5678`, `[::1]:5678`.
std::string_view without_port(std::string_view text) {
    if (!text.empty() && text.front() == '[') return text.substr(1, std::min(text.find(']'), text.size()) - 1);
    const auto colon = text.find(':');
    const bool one_colon = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    return one_colon ? text.substr(0, colon) : text;
}

}  // namespace

pulsekit::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
    auto parsed = model::Networks::parse(networks);
    if (!parsed) return std::move(parsed).error();
    TrustedProxies proxies;
    proxies.networks_ = *std::move(parsed);
    return proxies;
}

bool TrustedProxies::contains(std::string_view address) const {
    const auto parsed = IpAddress::parse(address);
    return parsed && networks_.contains(*parsed);
}

std::string TrustedProxies::client_of(const http::Request& request) const {
    const auto direct = IpAddress::parse(request.remote_address);
    std::string client = direct ? direct->text() : request.remote_address;
    if (networks_.empty() || !contains(client)) return client;
    const std::string chain = request.headers.joined("X-Forwarded-For");
    // From the right: each entry was written by the machine after it, and holds only if that one is trusted.
    std::string_view rest = chain;
    while (!rest.empty()) {
        const auto comma = rest.rfind(',');
        const auto entry = IpAddress::parse(without_port(trimmed(comma == rest.npos ? rest : rest.substr(comma + 1))));
        if (!entry) break;
        client = entry->text();
        if (!contains(client)) break;
        rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
    }
    return client;
}

}  // namespace collector::ingest
