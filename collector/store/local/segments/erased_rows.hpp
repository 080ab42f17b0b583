// Which rows are to be erased.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/local/segments/segment.hpp"

namespace collector::store::local {

/// The rows of a project up to a row that are of a visitor, of a user, or from before an instant, which may be after
/// all of them.
struct ErasedRows {
    std::int64_t erasure = 0;  ///< its token: not 0, and no other database has it
    std::int64_t project = 0;
    std::int64_t last_row = 0;
    std::optional<std::int64_t> visitor, user, before_ms;
};

/// One flag a row of the segment, whose columns were checked; nothing when it has none of those rows.
inline std::vector<bool> erased_in(const Segment& segment, const ErasedRows& rows) {
    std::vector<bool> erased;
    const auto mark = [&](std::uint32_t row) {
        if (segment.row_id(row) > rows.last_row) return;
        erased.resize(segment.rows());
        erased[row] = true;
    };
    const auto mark_all_with = [&](SegmentColumn column, std::int64_t number) {
        const auto numbers = segment.entries(column).values;
        const auto found = std::find(numbers.begin(), numbers.end(), number);
        if (found == numbers.end()) return;
        const auto code = static_cast<std::uint32_t>(found - numbers.begin()) + 1;
        const auto codes = segment.codes(column);
        const auto compare = [&](std::uint32_t row, std::uint32_t its) {
            if (its == code) mark(row);
        };
        if (codes.is_sparse()) return codes.each_present(0, segment.rows(), compare);
        codes.as_stored([&](const auto* stored) {
            for (std::uint32_t row = 0; row < segment.rows(); ++row) compare(row, stored[row]);
        });
    };
    if (rows.visitor) mark_all_with(SegmentColumn::visitor, *rows.visitor);
    if (rows.user) mark_all_with(SegmentColumn::user, *rows.user);
    if (rows.before_ms && segment.header().first_ms < *rows.before_ms) {
        for (std::uint32_t row = 0; row < segment.rows(); ++row) {
            if (segment.time(row) < *rows.before_ms) mark(row);
        }
    }
    return erased;
}

}  // namespace collector::store::local
