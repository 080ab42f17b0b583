// The folds of a Question: rows into units, and these or their rows into groups.
#pragma once

#include <cstddef>
#include <cstdint>
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
        std::vector<std::vector<std::uint32_t>> attributes;  // by attribute: likewise
        std::vector<std::vector<std::uint32_t>> ids;         // by measure, for distinct
        std::vector<std::vector<std::int64_t>> values;       // by measure, for numbers
    };
    /// Rows of the block that are counted.
    struct Rows {
        std::vector<std::uint32_t> at;
        std::vector<std::uint32_t> groups;  // empty: there is but one
        bool all = false;                   // of the block
    };

    void read_tables(SegmentView& view);
    void read_table(SegmentView& view, std::size_t measure);
    void fold_units(const std::vector<UnitColumn>& units, const Mask& exist);
    void fold_rows(SegmentView& view, const Mask& counted, const std::vector<UnitColumn>& units);
    void group_rows(SegmentView& view, const std::vector<UnitColumn>& units);
    void fold_measure(SegmentView& view, std::size_t measure, const Items& items, const std::vector<UnitColumn>& units);
    std::vector<std::int64_t> values_of(SegmentView& view, std::size_t measure, const std::vector<UnitColumn>& units);
    void narrow(Mask& mask, const UnitCondition& condition, const UnitColumn& column);
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
