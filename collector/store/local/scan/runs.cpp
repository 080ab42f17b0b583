#include "store/local/scan/runs.hpp"

#include <algorithm>

namespace collector::store::local {

namespace {

/// The block's sessions that may have rows of a wanted visitor.
std::vector<std::uint32_t> sessions_with(SegmentView& view, const VisitorSet* wanted) {
    const auto codes = view.session_visitors();
    const auto* numbers = view.live().visitors->data();
    std::vector<std::uint32_t> found(codes.size() + 1);
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < codes.size(); ++i) {
        found[count] = i;
        const bool has_one = codes[i] != 0;
        count += !wanted || !has_one || wanted->has(numbers[codes[i] - has_one]);
    }
    found.resize(count);
    return found;
}

}  // namespace

std::vector<Run> runs_of(SegmentView& view, const Mask& mask, const VisitorSet* wanted) {
    const auto visitors = view.session_visitors();
    const auto* numbers = view.live().visitors->data();
    const auto begins = view.sessions();
    const std::uint32_t* codes = nullptr;
    std::vector<Run> runs;
    const auto add = [&](std::uint32_t session, std::uint32_t code, std::uint32_t first, std::uint32_t last) {
        const auto visitor = numbers[code - 1];
        if (visitors[session] != 0 || !wanted || wanted->has(visitor)) runs.push_back({session, visitor, first, last});
    };
    const auto sessions = sessions_with(view, wanted);
    runs.reserve(sessions.size());
    for (const auto i : sessions) {
        const auto end = begins[i + 1];
        auto first = first_in(mask, begins[i], end);
        if (first == end) continue;
        if (visitors[i] != 0) {
            add(i, visitors[i], first, last_in(mask, end));
            continue;
        }
        if (!codes) codes = view.codes(model::Column::visitor);
        auto last = first;
        for (auto row = first + 1; row < end; ++row) {
            if (!mask[row]) continue;
            if (codes[row] != codes[first]) {
                add(i, codes[first], first, last);
                first = row;
            }
            last = row;
        }
        add(i, codes[first], first, last);
    }
    return runs;
}

bool any_of(SegmentView& view, const VisitorSet& visitors) {
    const auto* numbers = view.live().visitors->data();
    const auto codes = view.session_visitors();
    return std::any_of(codes.begin(), codes.end(),
                       [&](std::uint32_t code) { return code == 0 || visitors.has(numbers[code - 1]); });
}

}  // namespace collector::store::local
