// Keys as small numbers, in the order in which they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace collector::store::local {

/// A hash table of 64-bit keys that numbers them from 0. One thread at a time.
class Numbering {
public:
    std::uint32_t number(std::int64_t key) {
        if (keys_.size() * 2 >= places_.size()) grow();
        auto& place = places_[place_of(key)];
        if (place == kFree) {
            place = static_cast<std::uint32_t>(keys_.size());
            keys_.push_back(key);
        }
        return place;
    }
    /// The number that the key has.
    std::optional<std::uint32_t> known(std::int64_t key) const {
        if (keys_.empty()) return std::nullopt;
        const auto place = places_[place_of(key)];
        if (place == kFree) return std::nullopt;
        return place;
    }
    const std::vector<std::int64_t>& keys() const { return keys_; }

private:
    static constexpr std::uint32_t kFree = 0xffffffff;

    std::size_t place_of(std::int64_t key) const {
        const std::size_t mask = places_.size() - 1;
        std::uint64_t hash = static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15;  // the golden ratio, odd
        hash ^= hash >> 32;
        for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
            if (places_[at] == kFree || keys_[places_[at]] == key) return at;
        }
    }
    void grow() {
        places_.assign(places_.empty() ? 16 : places_.size() * 2, kFree);
        for (std::uint32_t i = 0; i < keys_.size(); ++i) places_[place_of(keys_[i])] = i;
    }

    std::vector<std::uint32_t> places_;
    std::vector<std::int64_t> keys_;
};

}  // namespace collector::store::local
