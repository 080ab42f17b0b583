// Groups as small numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/local/segments/numbering.hpp"

namespace collector::store::local {

/// A group is what several domain numbers are together. One thread.
class GroupIndex {
public:
    explicit GroupIndex(std::size_t keys) : further_(keys > 1 ? keys - 1 : 0), keys_(keys) {}

    /// Of the numbers, one a key.
    template <typename NumberOf>
    std::uint32_t group(NumberOf&& number_of) {
        if (keys_ == 0) return 0;
        std::uint32_t group = number_of(0);
        for (std::size_t key = 1; key < keys_; ++key) {
            group = further_[key - 1].number(static_cast<std::int64_t>(group) << 32 | number_of(key));
        }
        return group;
    }
    /// What group() was given.
    std::vector<std::uint32_t> numbers(std::uint32_t group) const {
        std::vector<std::uint32_t> made(keys_);
        for (std::size_t key = keys_; key-- > 1;) {
            const auto pair = further_[key - 1].keys()[group];
            made[key] = static_cast<std::uint32_t>(pair);
            group = static_cast<std::uint32_t>(pair >> 32);
        }
        if (keys_ > 0) made[0] = group;
        return made;
    }

private:
    std::vector<Numbering> further_;  // each numbers pairs of a group by the keys before, and a key
    std::size_t keys_;
};

}  // namespace collector::store::local
