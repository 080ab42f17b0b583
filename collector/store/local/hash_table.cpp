#include "store/local/hash_table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace collector::store::local {
namespace {

constexpr std::size_t kFewSlots = 1024;

}  // namespace

HashTable::HashTable(std::size_t entries)
    : mask_(std::bit_ceil(std::max(2 * entries, kFewSlots)) - 1), slots_(empty_slots(mask_ + 1)) {}

/// Straight from the kernel, which hands out pages of zeros one by one as they are touched: megabytes are neither
/// cleared nor taken before they are needed.
HashTable::Slots HashTable::empty_slots(std::size_t count) {
    const std::size_t bytes = count * sizeof(HashEntry);
    void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    return Slots(static_cast<HashEntry*>(mapped), Unmap{bytes});
}

void HashTable::Unmap::operator()(HashEntry* slots) const noexcept { ::munmap(slots, bytes); }

std::size_t HashTable::slot_of(const HashEntry& key) const {
    auto slot = static_cast<std::size_t>(key.high) & mask_;
    while (slots_[slot].low != 0 && !slots_[slot].same_key(key)) slot = (slot + 1) & mask_;
    return slot;
}

std::int64_t HashTable::find(const HashEntry& key) const {
    const auto& slot = slots_[slot_of(key)];
    return slot.low == 0 ? -1 : slot.value();
}

void HashTable::insert(const HashEntry& entry) {
    if (2 * (size_ + 1) > mask_ + 1) resize(2 * (mask_ + 1));
    auto& slot = slots_[slot_of(entry)];
    if (slot.low == 0) ++size_;
    slot = entry;
    smallest_value_ = std::min(smallest_value_, entry.value());
}

void HashTable::resize(std::size_t slots) {
    const auto old = std::exchange(slots_, empty_slots(slots));
    const auto old_slots = std::exchange(mask_, slots - 1) + 1;
    for (std::size_t i = 0; i < old_slots; ++i) {
        if (old[i].low != 0) slots_[slot_of(old[i])] = old[i];
    }
}

void HashTable::clear() {
    if (size_ == 0) return;
    // No more than another commit as large as this one needs.
    const auto slots = std::max(kFewSlots, std::min(mask_ + 1, std::bit_ceil(4 * size_)));
    if (slots == mask_ + 1) {
        std::fill_n(slots_.get(), slots, HashEntry());
    } else {
        slots_ = empty_slots(slots);
        mask_ = slots - 1;
    }
    size_ = 0;
    smallest_value_ = std::numeric_limits<std::int64_t>::max();
}

std::vector<HashEntry> HashTable::entries() const {
    std::vector<HashEntry> all;
    all.reserve(size_);
    std::copy_if(slots_.get(), slots_.get() + mask_ + 1, std::back_inserter(all),
                 [](const HashEntry& entry) { return entry.low != 0; });
    return all;
}

}  // namespace collector::store::local
