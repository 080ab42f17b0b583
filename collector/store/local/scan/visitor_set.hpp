// A project's visitors, some of them, and what is known of them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace collector::store::local {

/// A bit each, so that half a million fit into a processor's cache.
class VisitorSet {
public:
    VisitorSet() = default;
    /// Of so many visitors all are in it, or none.
    VisitorSet(std::size_t visitors, bool all) : words_(visitors / 64 + 1, all ? ~std::uint64_t{0} : 0) {
        if (all) words_.back() = (std::uint64_t{1} << (visitors % 64)) - 1;
    }

    bool has(std::uint32_t visitor) const { return words_[visitor / 64] >> (visitor % 64) & 1; }
    void add(std::uint32_t visitor) { words_[visitor / 64] |= std::uint64_t{1} << (visitor % 64); }
    void remove(std::uint32_t visitor) { words_[visitor / 64] &= ~(std::uint64_t{1} << (visitor % 64)); }

    void add(const VisitorSet& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    }
    /// Leaves those who are in the other one, too.
    void keep(const VisitorSet& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    }

    /// Calls `use` with those from `begin` up to `end`, which are multiples of 64 or beyond the last, in their order.
    template <typename Use>
    void each(std::uint32_t begin, std::uint32_t end, Use&& use) const {
        for (auto at = begin / 64; at < words_.size() && at * 64 < end; ++at) {
            for (auto word = words_[at]; word != 0; word &= word - 1) {
                use(at * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
            }
        }
    }
    template <typename Use>
    void each(Use&& use) const {
        each(0, static_cast<std::uint32_t>(words_.size() * 64), use);
    }

    std::size_t heap_bytes() const { return words_.capacity() * sizeof words_[0]; }

private:
    std::vector<std::uint64_t> words_;
};

/// Something of each visitor who is known. What is said of others is never read, and so no memory is made ready for
/// them.
template <typename T>
class ByVisitor {
public:
    ByVisitor() = default;
    /// With some values each, one after the other.
    explicit ByVisitor(std::size_t visitors, std::size_t each = 1)
        : known_(visitors, false),
          values_(std::make_unique_for_overwrite<T[]>(visitors * each)),
          size_(visitors * each) {}

    bool knows(std::uint32_t visitor) const { return known_.has(visitor); }
    void know(std::uint32_t visitor) { known_.add(visitor); }
    T* data() { return values_.get(); }
    const T* data() const { return values_.get(); }
    T& operator[](std::size_t at) { return values_[at]; }
    const T& operator[](std::size_t at) const { return values_[at]; }
    const VisitorSet& known() const { return known_; }

    std::size_t heap_bytes() const { return known_.heap_bytes() + size_ * sizeof(T); }

private:
    VisitorSet known_;
    std::unique_ptr<T[]> values_;
    std::size_t size_ = 0;
};

}  // namespace collector::store::local
