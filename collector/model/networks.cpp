#include "model/networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace collector::model {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr std::uint8_t kMapped[kMappedBits / 8] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);
    IpAddress parsed;
    if (inet_pton(AF_INET, terminated.c_str(), &parsed.bytes_[sizeof kMapped]) == 1) {
        std::copy(std::begin(kMapped), std::end(kMapped), parsed.bytes_.begin());
        return parsed;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), parsed.bytes_.data()) == 1) return parsed;
    return std::nullopt;
}

bool IpAddress::is_v4() const { return std::memcmp(bytes_.data(), kMapped, sizeof kMapped) == 0; }

std::string IpAddress::text() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (is_v4()) {
        inet_ntop(AF_INET, &bytes_[sizeof kMapped], text, sizeof text);
    } else {
        inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
    }
    return text;
}

bool IpAddress::shares(const IpAddress& other, unsigned bits) const {
    const unsigned whole = bits / 8;
    if (std::memcmp(bytes_.data(), other.bytes_.data(), whole) != 0) return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
    return (bytes_[whole] & mask) == (other.bytes_[whole] & mask);
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

pulsekit::Result<Networks> Networks::parse(const std::vector<std::string>& networks) {
    Networks parsed;
    for (const auto& text : networks) {
        const std::string_view whole = trimmed(text);
        const auto slash = std::min(whole.find('/'), whole.size());
        const auto address = IpAddress::parse(whole.substr(0, slash));
        const pulsekit::Error error{pulsekit::ErrorCode::invalid, "not a network: '" + text + "'"};
        if (!address) return error;
        Network network{.address = *address};
        if (slash < whole.size()) {
            const auto digits = whole.substr(slash + 1);
            const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), network.bits);
            if (failed != std::errc() || end != digits.data() + digits.size()) return error;
            const bool is_v4 = whole.substr(0, slash).find(':') == std::string_view::npos;
            if (network.bits > (is_v4 ? 32u : 128u)) return error;
            if (is_v4) network.bits += kMappedBits;
        }
        parsed.networks_.push_back(network);
    }
    return parsed;
}

bool Networks::contains(const IpAddress& address) const {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const Network& network) { return address.shares(network.address, network.bits); });
}

}  // namespace collector::model
