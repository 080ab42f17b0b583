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

std::vector<std::uint32_t> values_of(SegmentView& view, BlockMasks& masks, const Plan& plan,
                                     const PreparedAttribute& attribute, const std::vector<std::uint32_t>& table) {
    const std::size_t sessions = view.sessions().size() - 1;
    std::vector<std::uint32_t> values(sessions);
    const auto* codes = view.codes(attribute.column);
    const bool wants_first = attribute.take == Take::first;
    if (const auto test = view.row_test({&plan.counted, &plan.wheres[attribute.where]})) {
        for (std::uint32_t i = 0; i < sessions; ++i) {
            if (!view.kept()[i]) continue;
            const auto row = wants_first ? view.first_row(i, *test) : view.last_row(i, *test);
            if (row) values[i] = table[codes[*row]];
        }
        return values;
    }
    const Taken taken(view, masks, attribute.where);
    for (std::size_t i = 0; i < sessions; ++i) {
        if (taken.counts()[i] != 0) values[i] = table[codes[wants_first ? taken.first(i) : taken.last(i)]];
    }
    return values;
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
        auto& [integers, numbers] = columns[a];
        switch (attribute.take) {
            case Take::count: {
                const auto& counts = masks.counts(attribute.where);
                integers.assign(counts.begin(), counts.end());
                break;
            }
            case Take::any: {
                const auto& counts = masks.counts(attribute.where);
                integers.resize(sessions);
                for (std::size_t i = 0; i < sessions; ++i) integers[i] = counts[i] > 0;
                break;
            }
            case Take::span: integers = spans_of(view, Taken(view, masks, attribute.where)); break;
            case Take::first:
            case Take::last: numbers = values_of(view, masks, plan, attribute, tables[a]); break;
        }
    }
    return columns;
}

}  // namespace collector::store::local
