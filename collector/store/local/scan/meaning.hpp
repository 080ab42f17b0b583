// What the codes of a column mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/measure.hpp"
#include "store/local/scan/scan.hpp"
#include "store/local/segments/segment.hpp"

namespace collector::store::local {

/// Of one column in one segment: code n means the entry n - 1, code 0 null. Codes of different entries may mean the
/// same. Borrows from the segment.
class Meaning {
public:
    /// The segment must have been checked for it.
    static Meaning of(const Scan& scan, const LiveSegment& live, model::Column column);
    /// The entries are 0 and what follows, so many of them.
    static Meaning of_numbers(std::uint32_t count);

    Entries are() const { return are_; }
    std::size_t size() const { return are_ == Entries::texts ? texts_.size() : values().size(); }
    bool is_null(std::size_t entry) const {
        return common_.empty() ? !null_.empty() && null_[entry] : common_[entry] == 0;
    }
    std::int64_t value(std::size_t entry) const { return values()[entry]; }  ///< but of texts
    std::string_view text(std::size_t entry) const { return texts_.text(entry); }
    /// By entry: the same number for the same value, from 1, in whatever segment; 0 is null. Empty: nobody knows.
    const std::vector<std::uint32_t>& common() const { return common_; }

private:
    std::span<const std::int64_t> values() const { return own_.empty() ? borrowed_ : std::span(own_); }

    Entries are_ = Entries::integers;
    EntryView texts_;
    std::span<const std::int64_t> borrowed_;
    std::vector<std::int64_t> own_;
    std::vector<bool> null_;
    std::vector<std::uint32_t> common_;
};

/// The column of a segment whose codes a column of the algebra has; nothing for time, the days, next_gap, group and
/// session, which have none.
struct StoredAs {
    SegmentColumn column;
    std::string_view context = {};  ///< the column of a ContextTable that is meant
};
const StoredAs* stored_as(model::Column column);

/// Whether the column has codes.
inline bool is_coded(model::Column column) {
    return column != model::Column::time && column != model::Column::next_gap;
}

/// The first day of the period, a week or month, that the day is in; any other column: the day.
std::int64_t period_of(std::int64_t day, model::Column period);

}  // namespace collector::store::local
