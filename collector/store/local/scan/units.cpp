#include "store/local/scan/units.hpp"

#include <span>

namespace collector::store::local {
namespace {

using Take = model::Attribute::Take;

/// The rows of each session that an attribute is taken from.
class Taken {
public:
    Taken(SegmentView& view, BlockMasks& masks, std::size_t where)
        : masks_(masks), where_(where), begins_(view.sessions()), counts_(masks.counts(where)) {}

    const std::vector<std::uint32_t>& counts() const { return counts_; }
    /// Most often all rows of a session are meant.
    bool is_whole(std::size_t session) const { return counts_[session] == begins_[session + 1] - begins_[session]; }
    /// Of a session that has one.
    std::uint32_t first(std::size_t session) const {
        return is_whole(session) ? begins_[session]
                                 : first_in(masks_.mask(where_), begins_[session], begins_[session + 1]);
    }
    std::uint32_t last(std::size_t session) const {
        return is_whole(session) ? begins_[session + 1] - 1 : last_in(masks_.mask(where_), begins_[session + 1]);
    }

private:
    BlockMasks& masks_;
    const std::size_t where_;
    const std::span<const std::uint32_t> begins_;
    const std::vector<std::uint32_t>& counts_;
};

std::vector<std::int64_t> spans_of(SegmentView& view, const Taken& taken) {
    std::vector<std::int64_t> spans(taken.counts().size());
    view.with_times([&](const auto& time_of) {
        for (std::size_t i = 0; i < spans.size(); ++i) {
            if (taken.counts()[i] > 1) spans[i] = time_of(taken.last(i)) - time_of(taken.first(i));
        }
    });
    return spans;
}

}  // namespace

std::vector<UnitColumn> sessions_of(SegmentView& view, BlockMasks& masks, const Plan& plan,
                                    const AttributeTables& tables, Mask& exist) {
    const auto& all = masks.counts(Plan::kCounted);
    const std::size_t sessions = all.size();
    exist.assign(sessions, 0);
    for (std::size_t i = 0; i < sessions; ++i) exist[i] = all[i] != 0;

    std::vector<UnitColumn> columns(plan.attributes.size());
    for (std::size_t a = 0; a < columns.size(); ++a) {
        const auto& attribute = plan.attributes[a];
        const Taken taken(view, masks, attribute.where);
        const auto& counts = taken.counts();
        auto& [integers, numbers] = columns[a];
        switch (attribute.take) {
            case Take::count: integers.assign(counts.begin(), counts.end()); break;
            case Take::any:
                integers.resize(sessions);
                for (std::size_t i = 0; i < sessions; ++i) integers[i] = counts[i] > 0;
                break;
            case Take::span: integers = spans_of(view, taken); break;
            case Take::first:
            case Take::last:
                numbers.resize(sessions);
                const auto* codes = view.codes(attribute.column);
                const auto* table = tables[a].data();
                for (std::size_t i = 0; i < sessions; ++i) {
                    if (counts[i] == 0) continue;
                    numbers[i] = table[codes[attribute.take == Take::first ? taken.first(i) : taken.last(i)]];
                }
                break;
        }
    }
    return columns;
}

}  // namespace collector::store::local
