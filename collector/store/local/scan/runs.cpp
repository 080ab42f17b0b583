#include "store/local/scan/runs.hpp"

namespace collector::store::local {

std::vector<Run> runs_of(SegmentView& view, const Mask& mask, const std::vector<std::uint8_t>* wanted) {
    const auto visitors = view.session_visitors();
    const auto* numbers = view.live().visitors->data();
    const auto begins = view.sessions();
    const std::uint32_t* codes = nullptr;
    std::vector<Run> runs;
    if (!wanted) runs.reserve(visitors.size());
    const auto add = [&](std::uint32_t session, std::uint32_t code, std::uint32_t first, std::uint32_t last) {
        const auto visitor = numbers[code - 1];
        if (!wanted || (*wanted)[visitor]) runs.push_back({session, visitor, first, last});
    };
    for (std::uint32_t i = 0; i + 1 < begins.size(); ++i) {
        if (wanted && visitors[i] != 0 && !(*wanted)[numbers[visitors[i] - 1]]) continue;
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

}  // namespace collector::store::local
