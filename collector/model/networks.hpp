// IP addresses and networks of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

namespace collector::model {

/// An IPv4 address is the same whether or not it came mapped into IPv6.
class IpAddress {
public:
    static std::optional<IpAddress> parse(std::string_view text);
    std::string text() const;

    bool is_v4() const;
    /// Whether the first `bits` of both are the same; those of an IPv4 address come after the 96 that map it.
    bool shares(const IpAddress& other, unsigned bits) const;

private:
    std::array<std::uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
};

/// Immutable; safe from any thread.
class Networks {
public:
    Networks() = default;  ///< none

    /// Such as `10.0.0.0/8` or `fd00::/8`; an address alone stands for itself. Error `invalid`: names the one that is
    /// not a network.
    static pulsekit::Result<Networks> parse(const std::vector<std::string>& networks);

    bool contains(const IpAddress& address) const;
    bool empty() const { return networks_.empty(); }

private:
    struct Network {
        IpAddress address;
        unsigned bits = 128;
    };
    std::vector<Network> networks_;
};

/// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);

}  // namespace collector::model
