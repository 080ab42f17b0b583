// Retention: when each visitor was first active, and on which days after that again.
#include <algorithm>
#include <limits>
#include <map>
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

constexpr std::size_t kMaxDays = 64;
constexpr auto kNever = std::numeric_limits<std::int64_t>::max();

struct Firsts {
    const PreparedWhere& active;
    std::vector<std::int64_t> first_ms;  // by visitor

    void operator()(SegmentView& view) {
        while (view.next()) {
            const Mask mask = view.narrowed(view.seen(), active);
            const auto* codes = view.codes(Column::visitor);
            const auto* time = view.times();
            for (std::uint32_t row = 0; row < view.rows(); ++row) {
                if (!mask[row]) continue;
                auto& first = first_ms[(*view.live().visitors)[codes[row] - 1]];
                first = std::min(first, time[row]);
            }
        }
    }
};

struct Returns {
    const PreparedWhere& active;
    const std::vector<std::int64_t>& first_day;
    const std::vector<std::uint64_t>& bit_of_day;  // by days since the first one
    std::vector<std::uint64_t> returned;           // by visitor, a bit a day that is asked for

    void operator()(SegmentView& view) {
        while (view.next()) {
            const Mask mask = view.narrowed(view.seen(), active);
            const auto* codes = view.codes(Column::visitor);
            const auto* time = view.times();
            for (std::uint32_t row = 0; row < view.rows(); ++row) {
                if (!mask[row]) continue;
                const auto visitor = (*view.live().visitors)[codes[row] - 1];
                const auto since = static_cast<std::uint64_t>(day_of(time[row]) - first_day[visitor]);
                if (since < bit_of_day.size()) returned[visitor] |= bit_of_day[since];
            }
        }
    }
};

}  // namespace

Result<Answer> answer(const Scan& scan, const model::Retention& retention) {
    if (retention.days.size() > kMaxDays) return Error{ErrorCode::invalid, "retention is asked of at most 64 days"};
    auto selection = prepare(scan);
    if (!selection) return std::move(selection).error();
    selection->judged = std::exchange(selection->range, {std::numeric_limits<std::int64_t>::min(), kNever});
    const auto active = prepare(scan, retention.active);
    if (!active) return active.error();
    const std::size_t visitors = scan.snapshot.visitors;

    auto firsts = for_each_segment<Firsts>(scan, *selection, [&] {
        return Firsts{*active, std::vector<std::int64_t>(visitors, kNever)};
    });
    if (!firsts) return std::move(firsts).error();
    auto& first_ms = firsts->front().first_ms;
    for (std::size_t i = 1; i < firsts->size(); ++i) {
        for (std::size_t v = 0; v < visitors; ++v) first_ms[v] = std::min(first_ms[v], (*firsts)[i].first_ms[v]);
    }
    std::vector<std::int64_t> first_day(visitors);
    for (std::size_t v = 0; v < visitors; ++v) first_day[v] = day_of(first_ms[v]);

    std::vector<std::uint64_t> bit_of_day;
    for (std::size_t i = 0; i < retention.days.size(); ++i) {
        const auto day = static_cast<std::size_t>(std::max(0, retention.days[i]));
        if (day >= bit_of_day.size()) bit_of_day.resize(day + 1);
        bit_of_day[day] |= std::uint64_t{1} << i;
    }
    auto returns = for_each_segment<Returns>(scan, *selection, [&] {
        return Returns{*active, first_day, bit_of_day, std::vector<std::uint64_t>(visitors)};
    });
    if (!returns) return std::move(returns).error();

    const auto& range = scan.of.range;
    std::map<std::int64_t, std::vector<std::int64_t>> cohorts;
    for (std::size_t v = 0; v < visitors; ++v) {
        if (first_ms[v] < range.from_ms || first_ms[v] > range.to_ms || first_ms[v] == kNever) continue;
        auto& cohort = cohorts[period_of(first_day[v], retention.cohort)];
        cohort.resize(1 + retention.days.size());
        ++cohort[0];
        std::uint64_t returned = 0;
        for (const auto& part : *returns) returned |= part.returned[v];
        for (std::size_t i = 0; i < retention.days.size(); ++i)
            cohort[i + 1] += static_cast<std::int64_t>(returned >> i & 1);
    }
    Answer answer{.rows = {}, .total = std::ssize(cohorts)};
    for (const auto& [day, counts] : cohorts) {
        auto& row = answer.rows.emplace_back();
        row.emplace_back(day);
        for (const auto count : counts) row.emplace_back(count);
    }
    return answer;
}

}  // namespace collector::store::local
