// Tells a whole record from a torn one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pulsekit {

/// The CRC-32C (Castagnoli, RFC 3720) of fewer than 8 bytes. Of more, the CRC-32C of 8-byte words, the last of which
/// ends where the bytes end, and so may overlap the one before; every fourth word goes to a CRC of its own as long as
/// more than 32 bytes are left: a processor computes four at once, where one would wait for itself at each word. Uses
/// the processor's instruction where there is one.
std::uint32_t checksum(const void* bytes, std::size_t size) noexcept;

/// The table form that every processor runs; the same result.
std::uint32_t checksum_portable(const void* bytes, std::size_t size) noexcept;

}  // namespace pulsekit
