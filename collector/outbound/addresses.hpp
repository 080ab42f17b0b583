// What may be given as an address to send to. Whether anything is there, and may be connected to, shows at sending.
#pragma once

#include <cstddef>
#include <string_view>

namespace collector::outbound {

/// The most that either may have.
inline constexpr std::size_t kMaxUrlLength = 2048;
inline constexpr std::size_t kMaxEmailLength = 254;

/// The host of an absolute http or https URL in ASCII, without a user; of an IPv6 address without its brackets. Empty:
/// it is no such URL.
std::string_view host_of_url(std::string_view url);

/// As HTML's e-mail fields take it: one mailbox in ASCII, without quotes, comments and spaces.
bool is_email_address(std::string_view text);

}  // namespace collector::outbound
