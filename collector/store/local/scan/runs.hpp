// Rows of a block that are one visitor's, together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/local/scan/segment_view.hpp"
#include "store/local/scan/visitor_set.hpp"

namespace collector::store::local {

/// Rows of a mask that are a visitor's, follow each other and lie in one session. Between the first and the last of
/// them there may be rows that are not in the mask.
struct Run {
    std::uint32_t session;  ///< of the block
    std::uint32_t visitor;  ///< its number in the project, from 0
    std::uint32_t first;
    std::uint32_t last;
};

/// Those of the wanted visitors; null: of all.
std::vector<Run> runs_of(SegmentView& view, const Mask& mask, const VisitorSet* wanted = nullptr);

/// Whether the block may have a row of one of the visitors.
bool any_of(SegmentView& view, const VisitorSet& visitors);

/// Calls `use(run, known[run.visitor])` for each. What is known of all visitors is in no cache: that of those to come
/// is on its way meanwhile.
template <typename Known, typename Use>
void each_visitor(const std::vector<Run>& runs, Known* known, Use&& use) {
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (i + kAhead < runs.size()) __builtin_prefetch(known + runs[i + kAhead].visitor, 1);
        use(runs[i], known[runs[i].visitor]);
    }
}

}  // namespace collector::store::local
