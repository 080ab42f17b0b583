// Flow: of each visitor the earliest row of the page, and what came after or before it in its session.
#include <algorithm>
#include <optional>
#include <utility>

#include "store/local/scan/answers.hpp"
#include "store/local/scan/domain.hpp"
#include "store/local/scan/parallel.hpp"
#include "store/local/scan/runs.hpp"

namespace collector::store::local {
namespace {

using model::Answer;
using model::Column;
using model::Value;
using pulsekit::Result;

struct Step {
    RowPlace place;
    std::uint32_t path;  // in the domain; 0: nowhere
};

struct Steps {
    const Scan& scan;
    const PreparedWhere& from;
    const PreparedWhere& among;
    bool backward;
    Domain& paths;
    ByVisitor<Step> steps;

    std::size_t bytes() const { return steps.heap_bytes(); }

    void operator()(SegmentView& view) {
        std::optional<std::vector<std::uint32_t>> numbers;
        while (view.next()) {
            if (!numbers) numbers = paths.numbers_of(view.meaning(Column::path));
            const auto starts = runs_of(view, view.narrowed(view.seen(), from));
            if (starts.empty()) continue;
            const Mask others = view.narrowed(view.seen(), among);
            const auto sessions = view.sessions();
            const auto* codes = view.codes(Column::path);
            each_visitor(starts, steps.data(), [&](const Run& run, Step& step) {
                const auto place = view.place(run.first);
                if (steps.knows(run.visitor) && !scan.texts.precedes(place, step.place)) return;
                const auto next = neighbour(others, codes, run.first, sessions[run.session], sessions[run.session + 1]);
                steps.know(run.visitor);
                step = {place, next ? (*numbers)[codes[*next]] : 0};
            });
        }
    }

    std::optional<std::uint32_t> neighbour(const Mask& others, const std::uint32_t* codes, std::uint32_t row,
                                           std::uint32_t begin, std::uint32_t end) const {
        if (backward) {
            for (auto at = row; at-- > begin;) {
                if (others[at] && codes[at] != codes[row]) return at;
            }
        } else {
            for (auto at = row + 1; at < end; ++at) {
                if (others[at] && codes[at] != codes[row]) return at;
            }
        }
        return std::nullopt;
    }
};

}  // namespace

Result<Answer> answer(const Scan& scan, const model::Flow& flow) {
    const auto selection = prepare(scan);
    if (!selection) return selection.error();
    const auto from = prepare(scan, flow.from);
    if (!from) return from.error();
    const auto among = prepare(scan, flow.among);
    if (!among) return among.error();
    Domain paths;
    const std::size_t visitors = scan.snapshot.visitors;
    auto parts = for_each_segment<Steps>(
        scan, *selection, [&] { return Steps{scan, *from, *among, flow.backward, paths, ByVisitor<Step>(visitors)}; });
    if (!parts) return std::move(parts).error();

    std::vector<std::int64_t> counts(paths.size() + 1);
    Answer answer;
    VisitorSet known(visitors, false);
    for (const auto& part : *parts) known.add(part.steps.known());
    known.each([&](std::uint32_t v) {
        const Step* first = nullptr;
        for (const auto& part : *parts) {
            if (!part.steps.knows(v)) continue;
            const auto& step = part.steps[v];
            if (!first || scan.texts.precedes(step.place, first->place)) first = &step;
        }
        ++counts[first->path];
        ++answer.total;
    });
    for (std::uint32_t path = 1; path < counts.size(); ++path) {
        if (counts[path] > 0) answer.rows.push_back({paths.value(path, scan.texts), counts[path]});
    }
    std::sort(answer.rows.begin(), answer.rows.end(),
              [](const auto& a, const auto& b) { return a[1] != b[1] ? b[1] < a[1] : a[0] < b[0]; });
    if (flow.limit >= 0 && std::ssize(answer.rows) > flow.limit)
        answer.rows.resize(static_cast<std::size_t>(flow.limit));
    if (counts[0] > 0) answer.rows.push_back({std::monostate(), counts[0]});
    if (auto failed = scan.texts.result(); !failed) return std::move(failed).error();
    return answer;
}

}  // namespace collector::store::local
