// CRC-32C (Castagnoli, RFC 3720): tells a whole record from a torn one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pulsekit {

/// Uses the processor's instruction where there is one.
std::uint32_t crc32c(const void* bytes, std::size_t size) noexcept;

/// The table form that every processor runs; the same result.
std::uint32_t crc32c_portable(const void* bytes, std::size_t size) noexcept;

}  // namespace pulsekit
