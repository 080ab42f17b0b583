// Passwords as they are kept: hashes that cost memory and time to compute (scrypt, RFC 7914), each with its own salt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace collector::crypto {

/// What a hash costs: 128 n r bytes of memory, and time in proportion to n r p.
struct ScryptCost {
    std::uint64_t n = 1 << 15;  ///< a power of two
    std::uint64_t r = 8;
    std::uint64_t p = 1;
};

/// `size` bytes. Nothing: a cost that scrypt does not know, one of more than 1 GiB, or too little memory.
std::optional<std::string> scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost,
                                  std::size_t size);

/// What to keep in place of a password: `scrypt$<n>$<r>$<p>$<salt>$<hash>`. It says itself what it cost, so that later
/// ones may cost more. Error `unavailable`: too little memory.
pulsekit::Result<std::string> hash_of_password(std::string_view password, pulsekit::Random& random,
                                               const ScryptCost& cost = {});

/// Whether the hash is the password's, compared in constant time. Errors: `corrupt` for a hash of another form,
/// `unavailable` as above.
pulsekit::Result<bool> is_password(std::string_view password, std::string_view hash);

}  // namespace collector::crypto
