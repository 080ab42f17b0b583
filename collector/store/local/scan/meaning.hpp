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

    Entries are() const { return are_; }
    std::size_t size() const { return are_ == Entries::texts ? texts_.size() : values().size(); }
    bool is_null(std::size_t entry) const { return !null_.empty() && null_[entry]; }
    std::int64_t value(std::size_t entry) const { return values()[entry]; }  ///< but of texts
    std::string_view text(std::size_t entry) const { return texts_.text(entry); }

private:
    std::span<const std::int64_t> values() const { return own_.empty() ? borrowed_ : std::span(own_); }

    Entries are_ = Entries::integers;
    EntryView texts_;
    std::span<const std::int64_t> borrowed_;
    std::vector<std::int64_t> own_;
    std::vector<bool> null_;
};

/// The column of a segment whose codes a column of the algebra has; nothing for time, the days, next_gap and session,
/// which have none.
struct StoredAs {
    SegmentColumn column;
    const char* context = nullptr;  ///< the column of event_contexts that is meant
};
const StoredAs* stored_as(model::Column column);

/// Whether the column has codes.
inline bool is_coded(model::Column column) {
    return column != model::Column::time && column != model::Column::next_gap;
}

/// The first day of the period, a week or month, that the day is in; any other column: the day.
std::int64_t period_of(std::int64_t day, model::Column period);

}  // namespace collector::store::local
