// Funnel: the rows of each visitor that are any step's, in their order.
#include <algorithm>
#include <utility>

#include "store/local/scan/answers.hpp"
#include "store/local/scan/parallel.hpp"

namespace collector::store::local {
namespace {

using model::Answer;
using model::Column;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr std::size_t kMaxSteps = 64;

struct Match {
    std::uint32_t visitor;
    std::uint64_t steps;  // a bit each
    RowPlace place;
};

struct Matches {
    const std::vector<PreparedWhere>& steps;
    std::vector<Match> found;

    void operator()(SegmentView& view) {
        std::vector<std::uint64_t> bits;
        while (view.next()) {
            bits.assign(view.rows(), 0);
            for (std::size_t step = 0; step < steps.size(); ++step) {
                const Mask mask = view.narrowed(view.seen(), steps[step]);
                for (std::uint32_t row = 0; row < view.rows(); ++row) bits[row] |= std::uint64_t{mask[row]} << step;
            }
            const auto* codes = view.codes(Column::visitor);
            for (std::uint32_t row = 0; row < view.rows(); ++row) {
                if (bits[row] == 0) continue;
                found.push_back({(*view.live().visitors)[codes[row] - 1], bits[row], view.place(row)});
            }
        }
    }
};

/// By visitor, without comparing: there are many matches, and visitors are numbers up to how many there are.
std::vector<Match> by_visitor(std::vector<Matches>& parts, std::size_t visitors) {
    std::vector<std::size_t> places(visitors + 1);
    for (const auto& part : parts) {
        for (const auto& match : part.found) ++places[match.visitor + 1];
    }
    for (std::size_t i = 0; i < visitors; ++i) places[i + 1] += places[i];
    std::vector<Match> sorted(places[visitors]);
    for (auto& part : parts) {
        for (const auto& match : part.found) sorted[places[match.visitor]++] = match;
        part.found = {};
    }
    return sorted;
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
    auto parts = for_each_segment<Matches>(scan, *selection, [&] { return Matches{steps, {}}; });
    if (!parts) return std::move(parts).error();
    auto matches = by_visitor(*parts, scan.snapshot.visitors);

    std::vector<std::int64_t> reached(steps.size());
    for (auto begin = matches.begin(); begin != matches.end();) {
        auto end = begin;
        while (end != matches.end() && end->visitor == begin->visitor) ++end;
        std::sort(begin, end, [&](const Match& a, const Match& b) { return scan.texts.precedes(a.place, b.place); });
        std::size_t step = 0;
        for (; begin != end; ++begin) {
            if (step < steps.size() && (begin->steps >> step & 1)) ++reached[step++];
        }
    }
    if (auto failed = scan.texts.result(); !failed) return std::move(failed).error();
    Answer answer{.rows = {}, .total = std::ssize(reached)};
    for (const auto visitors : reached) answer.rows.push_back({visitors});
    return answer;
}

}  // namespace collector::store::local
