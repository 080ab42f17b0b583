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
#include "store/local/scan/visitors.hpp"

namespace collector::store::local {

/// What one thread has folded.
class Fold {
public:
    Fold(const Scan& scan, const Plan& plan);

    void operator()(SegmentView& view);
    void merge(Fold&& other);
    std::size_t bytes() const;
    /// All segments are folded, by several threads: each of these folds now folds some of the visitors.
    static void fold_visitors(std::vector<Fold>& folds);

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
    /// Sessions of the block that follow each other and are in one group.
    struct Stretch {
        std::uint32_t begin, end;
        std::uint32_t group;
    };
    /// Rows of a session that are in one period, where others of it are in another.
    struct Piece {
        std::uint32_t session;
        std::uint32_t begin, end;  // rows; those that are not counted lie between as well
        std::uint32_t group;
    };

    void read_tables(SegmentView& view);
    void read_table(SegmentView& view, std::size_t measure);
    void fold_units(const std::vector<UnitColumn>& units, const Mask& exist);
    void fold_rows(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units);
    /// The rows of each session at once, but for sessions that are in several periods.
    void fold_sessions(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units);
    void group_sessions(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units);
    template <typename TimeOf>
    void cut_session(SegmentView& view, const Mask& counted, std::uint32_t session, const TimeOf& time_of);
    void fold_session_measure(SegmentView& view, BlockMasks& masks, std::size_t measure,
                              const std::vector<UnitColumn>& units);
    void fold_session_visitors(SegmentView& view, BlockMasks& masks, std::size_t measure, const Mask& kept);
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
    std::vector<Stretch> stretches_;
    std::vector<Piece> pieces_;
    std::vector<std::uint32_t> unit_of_row_;  // in the block, when units are sessions
};

}  // namespace collector::store::local
