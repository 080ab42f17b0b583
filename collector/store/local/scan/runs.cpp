#include "store/local/scan/runs.hpp"

namespace collector::store::local {

std::vector<Run> runs_of(SegmentView& view, const Mask& mask) {
    const auto visitors = view.session_visitors();
    const auto* numbers = view.live().visitors->data();
    const auto begins = view.sessions();
    const std::uint32_t* codes = nullptr;
    std::vector<Run> runs;
    runs.reserve(visitors.size());
    for (std::uint32_t i = 0; i + 1 < begins.size(); ++i) {
        const auto end = begins[i + 1];
        auto first = first_in(mask, begins[i], end);
        if (first == end) continue;
        if (visitors[i] != 0) {
            runs.push_back({i, numbers[visitors[i] - 1], first, last_in(mask, end)});
            continue;
        }
        if (!codes) codes = view.codes(model::Column::visitor);
        auto last = first;
        for (auto row = first + 1; row < end; ++row) {
            if (!mask[row]) continue;
            if (codes[row] != codes[first]) {
                runs.push_back({i, numbers[codes[first] - 1], first, last});
                first = row;
            }
            last = row;
        }
        runs.push_back({i, numbers[codes[first] - 1], first, last});
    }
    return runs;
}

}  // namespace collector::store::local
