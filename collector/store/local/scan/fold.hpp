// The folds of a Question: rows into units, and these or their rows into groups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/local/scan/accumulator.hpp"
#include "store/local/scan/group_index.hpp"
#include "store/local/scan/plan.hpp"
#include "store/local/scan/segment_view.hpp"

namespace collector::store::local {

/// The attributes of some units, one after the other.
struct UnitColumn {
    std::vector<std::int64_t> integers;   ///< of an attribute that is an integer
    std::vector<std::uint32_t> numbers;   ///< of one that is a value: of its domain
};

/// What is known of each visitor so far, by its number.
struct VisitorAttribute {
    UnitColumn so_far;
    std::vector<std::int64_t> latest;  ///< for span, whose earliest time is in so_far
    std::vector<RowPlace> places;      ///< of the row that so_far's value is of
};

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
        std::vector<std::vector<std::uint32_t>> groups;           // by group: numbers of its domain
        std::vector<std::vector<std::uint32_t>> attributes;       // by attribute: likewise
        std::vector<std::vector<std::uint32_t>> ids;              // by measure, for distinct
        std::vector<std::vector<std::int64_t>> values;            // by measure, for numbers
    };
    void read_tables(SegmentView& view);
    void read_table(SegmentView& view, std::size_t measure);
    std::vector<UnitColumn> sessions_of(SegmentView& view, const Mask& counted, Mask& exist);
    void add_visitors(SegmentView& view, const Mask& counted);
    void add_visitor_rows(SegmentView& view, std::size_t attribute, const Mask& mask);
    void fold_units(const std::vector<UnitColumn>& units, const Mask& exist);
    void fold_rows(SegmentView& view, const Mask& counted, const std::vector<UnitColumn>& units);
    void fold_row_measure(SegmentView& view, std::size_t measure, const Items& items, const std::vector<UnitColumn>& units);
    bool holds(const UnitCondition& condition, const UnitColumn& column, std::size_t unit);
    void mark(std::size_t count, const std::uint32_t* groups, const Mask& counted);

    const Scan& scan_;
    const Plan& plan_;
    GroupIndex index_;
    std::vector<Accumulator> measures_;
    std::vector<std::uint8_t> present_;
    Tables tables_;
    std::vector<VisitorAttribute> visitors_;  // by attribute, when units are visitors
    Mask visitors_exist_;
    std::vector<std::uint32_t> unit_of_row_;  // in the block, when units are sessions
};

}  // namespace collector::store::local
