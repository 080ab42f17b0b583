// Which rows of a block satisfy each of a plan's conditions, and how many of each session: found once.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "store/local/scan/plan.hpp"
#include "store/local/scan/segment_view.hpp"

namespace collector::store::local {

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

/// Of one block; `counted` says which rows there are.
class BlockMasks {
public:
    BlockMasks(SegmentView& view, const Plan& plan, Mask counted)
        : view_(view), plan_(plan), masks_(plan.wheres.size()), counts_(plan.wheres.size()) {
        masks_[Plan::kCounted] = std::move(counted);
    }

    const Mask& mask(std::size_t where) {
        auto& made = masks_[where];
        if (!made) made = view_.narrowed(*masks_[Plan::kCounted], plan_.wheres[where]);
        return *made;
    }
    /// How many rows of each session.
    const std::vector<std::uint32_t>& counts(std::size_t where) {
        auto& made = counts_[where];
        if (made.empty()) {
            const auto& of = mask(where);
            const auto begins = view_.sessions();
            made.resize(begins.size() - 1);
            for (std::size_t i = 0; i < made.size(); ++i) made[i] = count_in(of, begins[i], begins[i + 1]);
        }
        return made;
    }

private:
    SegmentView& view_;
    const Plan& plan_;
    std::vector<std::optional<Mask>> masks_;
    std::vector<std::vector<std::uint32_t>> counts_;
};

}  // namespace collector::store::local
