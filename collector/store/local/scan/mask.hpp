// Which rows of a block are meant.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace collector::store::local {

/// One flag a row of the block, or a unit: 1 or 0. Eight bytes beyond the last may be read as well; they are 0.
class Mask {
public:
    Mask() = default;
    explicit Mask(std::size_t size, std::uint8_t value = 0) { assign(size, value); }

    void assign(std::size_t size, std::uint8_t value) {
        size_ = size;
        bytes_.assign(size + kBeyond, value);
        std::memset(bytes_.data() + size, 0, kBeyond);
    }
    std::size_t size() const { return size_; }
    std::uint8_t* data() { return bytes_.data(); }
    const std::uint8_t* data() const { return bytes_.data(); }
    std::uint8_t* begin() { return data(); }
    std::uint8_t* end() { return data() + size_; }
    const std::uint8_t* begin() const { return data(); }
    const std::uint8_t* end() const { return data() + size_; }
    std::uint8_t& operator[](std::size_t i) { return bytes_[i]; }
    std::uint8_t operator[](std::size_t i) const { return bytes_[i]; }

private:
    static constexpr std::size_t kBeyond = 8;

    std::vector<std::uint8_t> bytes_;
    std::size_t size_ = 0;
};

/// Eight flags as they lie in memory.
inline std::uint64_t eight_of(const Mask& mask, std::uint32_t at) {
    std::uint64_t eight;
    std::memcpy(&eight, mask.data() + at, sizeof eight);
    return eight;
}

inline bool any(const Mask& mask) { return mask.size() > 0 && std::memchr(mask.data(), 1, mask.size()) != nullptr; }

/// The first row in the mask from `begin` up to `end`; `end` when there is none.
inline std::uint32_t first_in(const Mask& mask, std::uint32_t begin, std::uint32_t end) {
    constexpr bool kLittle = std::endian::native == std::endian::little;
    for (; begin < end; begin += 8) {
        const auto eight = eight_of(mask, begin);
        if (eight == 0) continue;
        const auto bits = kLittle ? std::countr_zero(eight) : std::countl_zero(eight);
        return std::min(end, begin + static_cast<std::uint32_t>(bits) / 8);
    }
    return end;
}

/// The last row in the mask before `end`; there must be one.
inline std::uint32_t last_in(const Mask& mask, std::uint32_t end) {
    while (!mask[end - 1]) --end;
    return end - 1;
}

/// How many of the rows from `begin` up to `end` are in the mask.
inline std::uint32_t count_in(const Mask& mask, std::uint32_t begin, std::uint32_t end) {
    const auto sum = [](std::uint64_t eight) { return static_cast<std::uint32_t>((eight * 0x0101010101010101) >> 56); };
    std::uint32_t count = 0;
    for (; end - begin >= 8; begin += 8) count += sum(eight_of(mask, begin));
    if (begin == end) return count;
    // As they lie in memory, the first rows are the lowest bytes; the others go.
    const std::uint32_t others = 8 * (8 - (end - begin));
    const auto eight = eight_of(mask, begin);
    return count + sum(std::endian::native == std::endian::little ? eight << others : eight >> others);
}

}  // namespace collector::store::local
