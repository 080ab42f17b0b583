// Which rows of a block are meant.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace collector::store::local {

using Mask = std::vector<std::uint8_t>;  ///< one a row of the block: 1 or 0

/// The first row in the mask from `begin` up to `end`; `end` when there is none.
inline std::uint32_t first_in(const Mask& mask, std::uint32_t begin, std::uint32_t end) {
    while (begin < end && !mask[begin]) ++begin;
    return begin;
}

/// The last row in the mask before `end`; there must be one.
inline std::uint32_t last_in(const Mask& mask, std::uint32_t end) {
    while (!mask[end - 1]) --end;
    return end - 1;
}

/// How many of the rows from `begin` up to `end` are in the mask.
inline std::uint32_t count_in(const Mask& mask, std::uint32_t begin, std::uint32_t end) {
    std::uint32_t count = 0;
    for (; end - begin >= 8; begin += 8) {
        std::uint64_t eight;
        std::memcpy(&eight, mask.data() + begin, sizeof eight);
        count += static_cast<std::uint32_t>((eight * 0x0101010101010101) >> 56);  // the sum of its bytes
    }
    if (begin + 8 <= mask.size()) {
        std::uint64_t eight;
        std::memcpy(&eight, mask.data() + begin, sizeof eight);
        // As they lie in memory, the first rows are the lowest bytes; the others go.
        const std::uint32_t others = 8 - (end - begin);
        if constexpr (std::endian::native == std::endian::little) {
            eight = others == 8 ? 0 : eight << (8 * others);
        } else {
            eight = others == 8 ? 0 : eight >> (8 * others);
        }
        return count + static_cast<std::uint32_t>((eight * 0x0101010101010101) >> 56);
    }
    for (; begin < end; ++begin) count += mask[begin];
    return count;
}

}  // namespace collector::store::local
