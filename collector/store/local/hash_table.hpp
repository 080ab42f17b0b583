// The recent entries of a hash index, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "store/local/hash_run.hpp"

namespace collector::store::local {

/// Open addressing, at most half full. One thread at a time changes it.
class HashTable {
public:
    /// With room for `entries`, without moving them; it has more when more come.
    explicit HashTable(std::size_t entries = 512);

    /// -1: none.
    std::int64_t find(const HashEntry& key) const;
    void prefetch(const HashEntry& key) const { __builtin_prefetch(&slots_[key.high & mask_]); }
    void insert(const HashEntry& entry);
    /// What was grown for many entries is given back when few came.
    void clear();

    std::size_t size() const { return size_; }
    std::int64_t smallest_value() const { return smallest_value_; }
    std::vector<HashEntry> entries() const;

private:
    struct Unmap {
        std::size_t bytes;
        void operator()(HashEntry* slots) const noexcept;
    };
    using Slots = std::unique_ptr<HashEntry[], Unmap>;
    static Slots empty_slots(std::size_t count);
    std::size_t slot_of(const HashEntry& key) const;
    void resize(std::size_t slots);

    std::size_t mask_;
    Slots slots_;  // one more than mask_
    std::size_t size_ = 0;
    std::int64_t smallest_value_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace collector::store::local
