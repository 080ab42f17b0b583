// Hashes, keyed hashes, comparison in constant time and texts of bytes, over OpenSSL's libcrypto, which only hash.cpp
// includes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace collector::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);

/// Takes the same time wherever the two differ; their lengths are not secret.
bool equal(std::string_view a, std::string_view b);
bool equal(const Digest& a, const Digest& b);

/// Lower-case hexadecimal of the first `count` bytes.
std::string hex(const Digest& digest, std::size_t count = 32);

/// With padding, on one line (RFC 4648, section 4).
std::string base64(std::string_view bytes);

}  // namespace collector::crypto
