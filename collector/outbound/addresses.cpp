#include "outbound/addresses.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/text.hpp"

namespace collector::outbound {
namespace {

constexpr std::string_view kNameMarks = "-._";
constexpr std::string_view kLocalMarks = ".!#$%&'*+/=?^_`{|}~-";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return model::is_letter(c) || is_digit(c); }
bool is_graphic(char c) { return c > ' ' && c < '\x7f'; }

bool is_port(std::string_view text) {
    int port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// Without the brackets of an IPv6 address; nothing when it is none, or has a bad port.
std::optional<std::string_view> host_of(std::string_view authority) {
    const bool bracketed = authority.starts_with('[');
    if (bracketed) authority.remove_prefix(1);
    const auto end = std::min(authority.find(bracketed ? ']' : ':'), authority.size());
    const auto host = authority.substr(0, end);
    authority.remove_prefix(end);
    if (bracketed && authority.empty()) return std::nullopt;  // it is not closed
    if (bracketed) authority.remove_prefix(1);
    const auto fits = [&](char c) {
        return bracketed ? is_digit(c) || c == ':' || c == '.' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
                         : is_alphanumeric(c) || kNameMarks.find(c) != std::string_view::npos;
    };
    if (host.empty() || !std::all_of(host.begin(), host.end(), fits)) return std::nullopt;
    if (!authority.empty() && (authority.front() != ':' || !is_port(authority.substr(1)))) return std::nullopt;
    return host;
}

bool is_label(std::string_view text) {
    const auto fits = [](char c) { return is_alphanumeric(c) || c == '-'; };
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           std::all_of(text.begin(), text.end(), fits);
}

bool is_domain(std::string_view text) {
    for (;;) {
        const auto dot = std::min(text.find('.'), text.size());
        if (!is_label(text.substr(0, dot))) return false;
        if (dot == text.size()) return true;
        text.remove_prefix(dot + 1);
    }
}

}  // namespace

std::string_view host_of_url(std::string_view url) {
    if (url.size() > kMaxUrlLength || !std::all_of(url.begin(), url.end(), is_graphic)) return {};
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return {};
    const auto scheme = model::lower(url.substr(0, colon));
    if (scheme != "http" && scheme != "https") return {};
    url.remove_prefix(colon + 3);
    return host_of(url.substr(0, url.find_first_of("/?#"))).value_or(std::string_view());
}

bool is_email_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || text.size() > kMaxEmailLength) return false;
    const auto local = text.substr(0, at);
    const auto fits = [](char c) { return is_alphanumeric(c) || kLocalMarks.find(c) != std::string_view::npos; };
    return std::all_of(local.begin(), local.end(), fits) && is_domain(text.substr(at + 1));
}

}  // namespace collector::outbound
