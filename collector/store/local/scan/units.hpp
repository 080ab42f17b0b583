// Rows folded into units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/local/scan/block_masks.hpp"
#include "store/local/scan/plan.hpp"
#include "store/local/scan/segment_view.hpp"

namespace collector::store::local {

/// An attribute of some units, one after the other.
struct UnitColumn {
    std::vector<std::int64_t> integers;  ///< of an attribute that is an integer
    std::vector<std::uint32_t> numbers;  ///< of one that is a value: of its domain
};

/// By attribute, for those that are values: the numbers of its domain that the segment's codes stand for.
using AttributeTables = std::vector<std::vector<std::uint32_t>>;

/// The attributes of the block's sessions; `exist` says which of them have a row that is counted.
std::vector<UnitColumn> sessions_of(SegmentView& view, BlockMasks& masks, const Plan& plan,
                                    const AttributeTables& tables, Mask& exist);

}  // namespace collector::store::local
