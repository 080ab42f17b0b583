// Funnel: the rows of each visitor that are any step's, in their order.
#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include "store/local/scan/answers.hpp"
#include "store/local/scan/parallel.hpp"
#include "store/local/scan/runs.hpp"

namespace collector::store::local {
namespace {

using model::Answer;
using model::Column;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::size_t kMaxSteps = 64;
constexpr int kRangeBits = 4;  // as many ranges of visitors are looked at one after the other

struct Match {
    std::uint32_t visitor;
    std::uint64_t steps;  // a bit each
    RowPlace place;
};

struct Matches {
    const std::vector<PreparedWhere>& steps;
    const int shift;                        // of a visitor's number: which range of them it is in
    std::vector<std::vector<Match>> found;  // by that

    std::size_t bytes() const {
        std::size_t bytes = 0;
        for (const auto& matches : found) bytes += heap_bytes(matches);
        return bytes;
    }

    void operator()(SegmentView& view) {
        std::vector<Mask> masks(steps.size());
        while (view.next()) {
            Mask any(view.rows());
            for (std::size_t step = 0; step < steps.size(); ++step) {
                masks[step] = view.narrowed(view.seen(), steps[step]);
                for (std::size_t row = 0; row < any.size(); ++row) any[row] |= masks[step][row];
            }
            for (const auto& run : runs_of(view, any)) {
                auto& matches = found[run.visitor >> shift];
                for (auto row = run.first; row <= run.last; ++row) {
                    if (any[row]) matches.push_back({run.visitor, steps_of(masks, row), view.place(row)});
                }
            }
        }
    }

    static std::uint64_t steps_of(const std::vector<Mask>& masks, std::uint32_t row) {
        std::uint64_t bits = 0;
        for (std::size_t step = 0; step < masks.size(); ++step) bits |= std::uint64_t{masks[step][row]} << step;
        return bits;
    }
};

/// Those of a range of visitors, by visitor. Without comparing: there are many matches, and visitors are numbers.
std::vector<Match> by_visitor(std::vector<Matches>& parts, std::size_t range) {
    const std::size_t visitors = std::size_t{1} << parts.front().shift;
    const auto first = range << parts.front().shift;
    std::vector<std::size_t> places(visitors + 1);
    for (const auto& part : parts) {
        for (const auto& match : part.found[range]) ++places[match.visitor - first + 1];
    }
    for (std::size_t i = 0; i < visitors; ++i) places[i + 1] += places[i];
    std::vector<Match> sorted(places[visitors]);
    for (auto& part : parts) {
        for (const auto& match : part.found[range]) sorted[places[match.visitor - first]++] = match;
        part.found[range] = {};
    }
    return sorted;
}

/// How many of the visitors whose matches these are reached each step.
std::vector<std::int64_t> reached_by(const Scan& scan, std::vector<Match> matches, std::size_t steps) {
    std::vector<std::int64_t> reached(steps);
    for (auto begin = matches.begin(); begin != matches.end();) {
        auto end = begin;
        while (end != matches.end() && end->visitor == begin->visitor) ++end;
        std::sort(begin, end, [&](const Match& a, const Match& b) { return scan.texts.precedes(a.place, b.place); });
        std::size_t step = 0;
        for (; begin != end; ++begin) {
            if (step < steps && (begin->steps >> step & 1)) ++reached[step++];
        }
    }
    return reached;
}

}  // namespace

Result<Answer> answer(const Scan& scan, const model::Funnel& funnel) {
    if (funnel.steps.empty() || funnel.steps.size() > kMaxSteps) {
        return Error{ErrorCode::invalid, "a funnel has 1 to 64 steps"};
    }
    const auto selection = prepare(scan);
    if (!selection) return selection.error();
    std::vector<PreparedWhere> steps;
    for (const auto& step : funnel.steps) {
        auto prepared = prepare(scan, step);
        if (!prepared) return std::move(prepared).error();
        steps.push_back(std::move(*prepared));
    }
    const int shift = std::max(0, static_cast<int>(std::bit_width(scan.snapshot.visitors)) - kRangeBits);
    const std::size_t ranges = (scan.snapshot.visitors >> shift) + 1;
    auto parts = for_each_segment<Matches>(scan, *selection, [&] {
        return Matches{steps, shift, std::vector<std::vector<Match>>(ranges)};
    });
    if (!parts) return std::move(parts).error();
    std::vector<std::vector<std::int64_t>> reached(ranges);
    std::atomic<std::size_t> next = 0;
    on_threads(parts->size(), [&](std::size_t) {
        for (auto range = next++; range < ranges; range = next++) {
            reached[range] = reached_by(scan, by_visitor(*parts, range), steps.size());
        }
    });
    if (auto failed = scan.texts.result(); !failed) return std::move(failed).error();
    Answer answer{.rows = {}, .total = std::ssize(steps)};
    for (std::size_t step = 0; step < steps.size(); ++step) {
        std::int64_t visitors = 0;
        for (const auto& of_range : reached) visitors += of_range[step];
        answer.rows.emplace_back().emplace_back(visitors);
    }
    return answer;
}

}  // namespace collector::store::local
