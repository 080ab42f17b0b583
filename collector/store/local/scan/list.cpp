// List: which rows it has, newest first.
#include <algorithm>
#include <utility>

#include "store/local/scan/answers.hpp"
#include "store/local/scan/parallel.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Result;

struct Rows {
    const PreparedWhere& counted;
    std::vector<RowPlace> found;

    std::size_t bytes() const { return heap_bytes(found); }

    void operator()(SegmentView& view) {
        while (view.next()) {
            const Mask mask = view.narrowed(view.seen(), counted);
            for (std::uint32_t row = 0; row < view.rows(); ++row) {
                if (mask[row]) found.push_back(view.place(row));
            }
        }
    }
};

}  // namespace

Result<std::vector<std::int64_t>> row_ids(const Scan& scan, const model::List& list) {
    const auto selection = prepare(scan);
    if (!selection) return selection.error();
    const auto counted = prepare(scan, list.counted);
    if (!counted) return counted.error();
    auto parts = for_each_segment<Rows>(scan, *selection, [&] { return Rows{*counted, {}}; });
    if (!parts) return std::move(parts).error();
    std::vector<RowPlace> rows;
    for (auto& part : *parts) rows.insert(rows.end(), part.found.begin(), part.found.end());

    const auto& page = list.page;
    const auto size = std::ssize(rows);
    const auto begin = std::clamp<std::int64_t>(page.offset, 0, size);
    const auto end = page.limit < 0 ? size : begin + std::min(page.limit, size - begin);
    if (end < size) {  // those of the page and of its last instant
        const auto newer = [](const RowPlace& a, const RowPlace& b) { return a.time > b.time; };
        std::nth_element(rows.begin(), rows.begin() + end, rows.end(), newer);
        const auto bound = rows[static_cast<std::size_t>(end)].time;
        std::erase_if(rows, [&](const RowPlace& row) { return row.time < bound; });
    }
    std::sort(rows.begin(), rows.end(),
              [&](const RowPlace& a, const RowPlace& b) { return scan.texts.precedes(b, a); });
    std::vector<std::int64_t> ids;
    for (auto at = begin; at < end; ++at) {
        const auto& row = rows[static_cast<std::size_t>(at)];
        ids.push_back(scan.snapshot.segments[row.segment].segment->row_id(row.row));
    }
    if (auto failed = scan.texts.result(); !failed) return std::move(failed).error();
    return ids;
}

}  // namespace collector::store::local
