#include "src/network_options.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "src/wire/wire.hpp"

namespace pulsekit {
namespace {

constexpr std::string_view kPinScheme = "sha256//";
constexpr std::size_t kPinSize = kPinScheme.size() + 44;  // base64 of 32 bytes
constexpr std::array<std::string_view, 6> kProxySchemes = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
// The uploader's own, and those that say where a request ends.
constexpr std::array<std::string_view, 4> kReservedHeaders = {"Content-Type", "Content-Encoding", "Content-Length",
                                                              "Transfer-Encoding"};

// The language's own depend on the locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'); }

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// A line break would begin a header, or a request, of somebody else's; a NUL would cut the text short.
bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

bool is_token(std::string_view name) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
    });
}

bool is_pin(std::string_view pin) {
    if (pin.size() != kPinSize || pin.substr(0, kPinScheme.size()) != kPinScheme || pin.back() != '=') return false;
    pin = pin.substr(kPinScheme.size(), pin.size() - kPinScheme.size() - 1);
    return std::all_of(pin.begin(), pin.end(), [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

bool is_proxy(std::string_view proxy) {
    const std::size_t scheme_end = proxy.find("://");
    if (scheme_end == std::string_view::npos) return true;  // libcurl takes it for http
    const std::string_view scheme = proxy.substr(0, scheme_end);
    return proxy.size() > scheme_end + 3 &&
           std::any_of(kProxySchemes.begin(), kProxySchemes.end(),
                       [&](std::string_view known) { return same_name(scheme, known); });
}

bool is_reserved(std::string_view name, Dialect dialect) {
    return same_name(name, wire::wire_of(dialect).key_header) ||
           std::any_of(kReservedHeaders.begin(), kReservedHeaders.end(),
                       [&](std::string_view reserved) { return same_name(name, reserved); });
}

Error invalid(const std::string& message) { return {ErrorCode::invalid, "NetworkOptions::" + message}; }

}  // namespace

Result<void> validate(const NetworkOptions& network, Dialect dialect) {
    if (has_control(network.ca_bundle)) return invalid("ca_bundle has a control character");
    for (const auto& pin : network.pinned_public_keys) {
        // libcurl would take anything else for the name of a file.
        if (!is_pin(pin)) return invalid("pinned_public_keys: each must be sha256// and the base64 of a SHA-256");
    }
    // Never with the text of the proxy: it may carry a password.
    if (has_control(network.proxy)) return invalid("proxy has a control character");
    if (!is_proxy(network.proxy))
        return invalid("proxy must be `none` or the address of an http, https or socks proxy");
    for (const auto& [name, value] : network.headers) {
        if (!is_token(name)) return invalid("headers: a name is empty or has a character that no header name may have");
        if (has_control(value)) return invalid("headers: the value of " + name + " has a control character");
        if (is_reserved(name, dialect)) return invalid("headers: " + name + " is the client's own");
    }
    if (has_control(network.user_agent)) return invalid("user_agent has a control character");
    return {};
}

}  // namespace pulsekit
