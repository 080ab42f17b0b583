// Where a visit came from.
#pragma once

#include <string>
#include <string_view>

#include "model/text.hpp"

namespace collector::model {

/// The host that a referrer or a domain names, in lower case and without a leading `www.`: "https://www.Example.org/a"
/// and "example.org:8080" are example.org. Empty where there is none: "", "/products".
inline std::string source_of(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
    const auto bracket = url.find(']');  // of an IPv6 address, which has colons of its own
    if (const auto port = url.find(':', bracket == std::string_view::npos ? 0 : bracket);
        port != std::string_view::npos) {
        url = url.substr(0, port);
    }
    std::string host = lower(url);
    if (host.starts_with("www.")) host.erase(0, 4);
    return host;
}

}  // namespace collector::model
