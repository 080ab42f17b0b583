// Which rows of a block satisfy each of a plan's conditions, and how many of each session: found once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/local/scan/mask.hpp"
#include "store/local/scan/plan.hpp"
#include "store/local/scan/segment_view.hpp"

namespace collector::store::local {

/// Of the block that the view is at.
class BlockMasks {
public:
    BlockMasks(SegmentView& view, const Plan& plan)
        : view_(view), plan_(plan), masks_(plan.wheres.size()), counts_(plan.wheres.size()) {}

    const Mask& mask(std::size_t where) {
        auto& made = masks_[where];
        if (!made && where == Plan::kCounted) {
            made = view_.narrowed(view_.seen(), plan_.counted);
        } else if (!made) {
            made = view_.narrowed(mask(Plan::kCounted), plan_.wheres[where]);
        }
        return *made;
    }
    /// How many rows of each session.
    const std::vector<std::uint32_t>& counts(std::size_t where) {
        auto& made = counts_[where];
        if (!made.empty() || view_.count(plan_.counted, plan_.wheres[where], made)) return made;
        const auto& of = mask(where);
        const auto begins = view_.sessions();
        made.resize(begins.size() - 1);
        for (std::size_t i = 0; i < made.size(); ++i) {
            if (view_.kept()[i]) made[i] = count_in(of, begins[i], begins[i + 1]);
        }
        return made;
    }

private:
    SegmentView& view_;
    const Plan& plan_;
    std::vector<std::optional<Mask>> masks_;
    std::vector<std::vector<std::uint32_t>> counts_;
};

}  // namespace collector::store::local
