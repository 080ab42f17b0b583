// The folds of a Question: rows into units, and these or their rows into groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/local/scan/accumulator.hpp"
#include "store/local/scan/group_index.hpp"
#include "store/local/scan/plan.hpp"
#include "store/local/scan/segment_view.hpp"
#include "store/local/scan/units.hpp"

namespace collector::store::local {

/// What one thread has folded.
class Fold {
public:
    Fold(const Scan& scan, const Plan& plan);

    void operator()(SegmentView& view);
    void merge(Fold&& other);
    std::size_t bytes() const;
    /// All segments are folded and merged: folds the visitors.
    void finish();

    /// Which groups there are.
    const std::vector<std::uint8_t>& present() const { return present_; }
    const GroupIndex& index() const { return index_; }
    std::vector<Accumulator>& measures() { return measures_; }

private:
    /// What the codes of the segment at hand stand for.
    struct Tables {
        std::vector<std::vector<std::uint32_t>> groups;      // by group: numbers of its domain
        std::size_t groups_end = 0;                          // greater than any of them, of the only one
        std::vector<std::vector<std::uint32_t>> attributes;  // by attribute: likewise
        std::vector<std::vector<std::uint32_t>> ids;         // by measure, for distinct
        std::vector<std::vector<std::int64_t>> values;       // by measure, for numbers
    };
    /// The rows of the block that are folded: those that are counted, or all where it is not worth while to gather them
    /// and a mask tells.
    struct Rows {
        bool gathered = false;
        std::size_t count = 0;
        std::vector<std::uint32_t> at;      // when gathered
        std::vector<std::uint32_t> groups;  // empty: there is but one

        std::uint32_t row(std::size_t i) const { return gathered ? at[i] : static_cast<std::uint32_t>(i); }
    };

    void read_tables(SegmentView& view);
    void read_table(SegmentView& view, std::size_t measure);
    void fold_units(const std::vector<UnitColumn>& units, const Mask& exist);
    void fold_rows(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units);
    /// Folds the rows of the sessions that are in one group, and answers those of others, if any.
    std::optional<Mask> fold_sessions(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units);
    std::vector<std::uint32_t> groups_of_sessions(SegmentView& view, BlockMasks& masks,
                                                  const std::vector<UnitColumn>& units);
    void fold_session_measure(SegmentView& view, BlockMasks& masks, std::size_t measure,
                              const std::vector<std::uint32_t>& groups, const std::vector<UnitColumn>& units);
    void fold_sparse(SegmentView& view, std::size_t measure, const Items& items);
    void group_rows(SegmentView& view, const std::vector<UnitColumn>& units);
    void fold_measure(SegmentView& view, std::size_t measure, const Items& items, const std::vector<UnitColumn>& units);
    std::vector<std::int64_t> values_of(SegmentView& view, std::size_t measure, const std::vector<UnitColumn>& units);
    void narrow(Mask& mask, const UnitCondition& condition, const UnitColumn& column);
    /// Which of the rows the measure folds; nothing: all.
    std::optional<Mask> folded_rows(SegmentView& view, BlockMasks& masks, bool all_counted,
                                    const PreparedMeasure& measure, const std::vector<UnitColumn>& units);
    void mark(const std::uint32_t* groups, std::size_t count);

    const Scan& scan_;
    const Plan& plan_;
    GroupIndex index_;
    std::vector<Accumulator> measures_;
    std::vector<std::uint8_t> present_;
    Tables tables_;
    Visitors visitors_;  // when units are visitors
    Rows rows_;
    std::vector<std::uint32_t> unit_of_row_;  // in the block, when units are sessions
};

}  // namespace collector::store::local
