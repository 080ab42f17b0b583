// Where messages may go that somebody other than the operator has addressed.
#pragma once

#include <string>
#include <string_view>

namespace collector::outbound {

/// Which addresses may be connected to. It is the resolved address that is looked at, when the connection is made: a
/// name that leads elsewhere at the second look leads nowhere.
enum class Reach {
    public_only,   ///< no loopback, private, link-local, shared or reserved address; https only
    loopback_too,  ///< and loopback, there without TLS as well
    anywhere,      ///< an address that the operator has configured
};

/// Whether that address, as text, may be connected to with TLS or without.
bool may_connect(Reach reach, bool with_tls, const std::string& address);

/// Empty, or the rule that the URL breaks, as `field 'url' must be ...` goes on. What its name stands for is not looked
/// at, but an address in place of a name is.
std::string_view broken_rule(Reach reach, std::string_view url);

}  // namespace collector::outbound
