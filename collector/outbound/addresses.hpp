// What may be given as an address to send to. Whether anything is there, and may be connected to, shows at sending.
#pragma once

#include <cstddef>
#include <string_view>

namespace collector::outbound {

/// The most that either may have.
inline constexpr std::size_t kMaxUrlLength = 2048;
inline constexpr std::size_t kMaxEmailLength = 254;

/// An absolute URL in ASCII, with a host and without a user: https, or where `loopback_too` http to this machine as
/// well.
bool is_postable(std::string_view url, bool loopback_too);

/// As HTML's e-mail fields take it: one mailbox in ASCII, without quotes, comments and spaces.
bool is_email_address(std::string_view text);

}  // namespace collector::outbound
