// Rows folded into visitors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/local/scan/accumulator.hpp"
#include "store/local/scan/block_masks.hpp"
#include "store/local/scan/plan.hpp"
#include "store/local/scan/runs.hpp"
#include "store/local/scan/segment_view.hpp"
#include "store/local/scan/units.hpp"
#include "store/local/scan/visitor_set.hpp"

namespace collector::store::local {

/// What is known of each visitor so far, by its number. One thread; what several know is put together in the end.
class Visitors {
public:
    Visitors(const Scan& scan, const Plan& plan);

    /// Before the first block of a segment.
    void begin(const SegmentView& view);
    void add(SegmentView& view, BlockMasks& masks, const AttributeTables& tables);
    std::size_t bytes() const;

    /// Those who have a row that is counted.
    const VisitorSet& seen() const { return seen_; }
    /// The attributes of some of them, by all that is known.
    static std::vector<UnitColumn> of_all(const std::vector<const Visitors*>& parts,
                                          const std::vector<std::uint32_t>& visitors);

private:
    struct Attribute {
        ByVisitor<std::int64_t> integers;   ///< of count; the earliest time, for span
        ByVisitor<std::int64_t> latest;     ///< for span
        ByVisitor<RowPlace> places;         ///< of the row that this and others are of
        ByVisitor<std::uint32_t> numbers;   ///< of that row, the values of all of these
        std::size_t values = 0;             ///< how many
        VisitorSet open;                    ///< of whom rows to come may tell something new
        std::vector<std::uint32_t> recent;  ///< for last: those who are known, but still open
    };
    void add_integers(SegmentView& view, std::size_t attribute, const Mask& mask, const std::vector<Run>& runs);
    void add_values(SegmentView& view, std::size_t leader, const std::vector<Run>& runs, const AttributeTables& tables);
    bool takes(std::size_t leader, const RowPlace& place, const RowPlace& known) const;
    std::size_t place_among_values(std::size_t attribute) const;
    UnitColumn integers_of_all(const std::vector<const Visitors*>& parts, std::size_t attribute,
                               const std::vector<std::uint32_t>& visitors) const;

    const Scan& scan_;
    const Plan& plan_;
    std::vector<Attribute> attributes_;
    VisitorSet seen_;
};

}  // namespace collector::store::local
