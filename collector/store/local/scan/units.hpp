// Rows folded into units: sessions, and visitors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/local/scan/accumulator.hpp"
#include "store/local/scan/block_masks.hpp"
#include "store/local/scan/plan.hpp"
#include "store/local/scan/runs.hpp"
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

/// What is known of each visitor so far, by its number. One thread; several are merged.
class Visitors {
public:
    Visitors(const Scan& scan, const Plan& plan);

    void add(SegmentView& view, BlockMasks& masks, const AttributeTables& tables);
    void merge(const Visitors& other);
    std::size_t bytes() const;
    /// The attributes of all. Once.
    std::vector<UnitColumn> finish();
    const Mask& exist() const { return exist_; }

private:
    struct Attribute {
        std::vector<std::int64_t> integers;  ///< of one that is an integer; the earliest time, for span
        std::vector<std::int64_t> latest;    ///< for span
        std::vector<std::uint32_t> numbers;  ///< of one that is a value
        std::vector<RowPlace> places;        ///< of the row that this and others are of; segments count from 1
    };
    void add_integers(SegmentView& view, std::size_t attribute, const Mask& mask, const std::vector<Run>& runs);
    void add_values(SegmentView& view, std::size_t leader, const AttributeTables& tables, const std::vector<Run>& runs);
    bool takes(std::size_t leader, const RowPlace& place, const RowPlace& known) const;

    const Scan& scan_;
    const Plan& plan_;
    std::vector<Attribute> attributes_;
    Mask exist_;
};

}  // namespace collector::store::local
