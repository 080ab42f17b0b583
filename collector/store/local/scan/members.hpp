// The visitors that a selection names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/scan/scan.hpp"
#include "store/local/segments/numbering.hpp"
#include "store/local/segments/segment.hpp"

namespace collector::store::local {

/// By their numbers, which are looked up once for a question.
class Members {
public:
    /// Errors: the dictionary's.
    static pulsekit::Result<Members> of(const Scan& scan);

    /// By the codes that visitors have in the segment, which must have been checked for that column: 0 for one who is
    /// no member, else the member, counted from 1. Empty: none of the segment's visitors is one.
    std::vector<std::uint32_t> by_code(const Segment& segment) const;

    std::int64_t from_ms(std::uint32_t member) const { return from_ms_[member - 1]; }
    std::uint32_t group(std::uint32_t member) const { return groups_[member - 1]; }
    std::uint32_t groups() const { return end_; }  ///< greater than any of them

private:
    Numbering numbers_;  // of the texts of visitors that any row has
    std::vector<std::int64_t> from_ms_;
    std::vector<std::uint32_t> groups_;
    std::uint32_t end_ = 0;
};

}  // namespace collector::store::local
