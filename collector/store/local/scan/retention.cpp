// Retention: when each visitor was first active, and on which days after that again.
#include <algorithm>
#include <limits>
#include <map>
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

constexpr std::size_t kMaxDays = 64;
constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
constexpr model::TimeRange kAlways{std::numeric_limits<std::int64_t>::min(), kNever};

/// When each visitor was first active in the range.
struct Firsts {
    const PreparedWhere& active;
    std::vector<std::int64_t> first_ms;  // by visitor

    std::size_t bytes() const { return heap_bytes(first_ms); }

    void operator()(SegmentView& view) {
        while (view.next()) {
            each_visitor(runs_of(view, view.narrowed(view.seen(), active)), first_ms.data(),
                         [&](const Run& run, std::int64_t& first) { first = std::min(first, view.time(run.first)); });
        }
    }
};

/// Who of some visitors was active at all.
struct Known {
    const PreparedWhere& active;
    const std::vector<std::uint8_t>& asked;  // by visitor
    std::vector<std::uint8_t> known;         // by visitor

    std::size_t bytes() const { return heap_bytes(known); }

    void operator()(SegmentView& view) {
        while (view.next()) {
            each_visitor(runs_of(view, view.narrowed(view.seen(), active), &asked), known.data(),
                         [](const Run&, std::uint8_t& is_known) { is_known = 1; });
        }
    }
};

/// Everybody's first active day, if it lies in the range and is the first ever.
struct Beginnings {
    std::vector<std::int64_t> day;       // by visitor
    std::vector<std::uint8_t> is_known;  // by visitor, whether there is
};

struct Returns {
    const PreparedWhere& active;
    const Beginnings& began;
    const std::vector<std::uint64_t>& bit_of_day;  // by days since the first one
    std::vector<std::uint64_t> returned;           // by visitor, a bit a day that is asked for

    std::size_t bytes() const { return heap_bytes(returned); }

    void operator()(SegmentView& view) {
        while (view.next()) {
            const Mask mask = view.narrowed(view.seen(), active);
            each_visitor(runs_of(view, mask, &began.is_known), began.day.data(),
                         [&](const Run& run, std::int64_t first) {
                             note(run.visitor, day_of(view.time(run.first)) - first);
                             for (auto row = run.first + 1; row <= run.last; ++row) {
                                 if (mask[row]) note(run.visitor, day_of(view.time(row)) - first);
                             }
                         });
        }
    }

    void note(std::uint32_t visitor, std::int64_t since) {
        const auto day = static_cast<std::uint64_t>(since);
        if (day < bit_of_day.size()) returned[visitor] |= bit_of_day[day];
    }
};

Result<Beginnings> beginnings(const Scan& scan, PreparedSelection selection, const PreparedWhere& active) {
    const std::size_t visitors = scan.snapshot.visitors;
    auto firsts = for_each_segment<Firsts>(scan, selection, [&] {
        return Firsts{active, std::vector<std::int64_t>(visitors, kNever)};
    });
    if (!firsts) return std::move(firsts).error();
    Beginnings began{std::move(firsts->front().first_ms), std::vector<std::uint8_t>(visitors)};
    for (std::size_t i = 1; i < firsts->size(); ++i) {
        for (std::size_t v = 0; v < visitors; ++v) began.day[v] = std::min(began.day[v], (*firsts)[i].first_ms[v]);
    }
    for (std::size_t v = 0; v < visitors; ++v) {
        began.is_known[v] = began.day[v] != kNever;
        if (began.is_known[v]) began.day[v] = day_of(began.day[v]);
    }
    if (selection.range.from_ms == kAlways.from_ms) return began;
    selection.range = {kAlways.from_ms, selection.range.from_ms - 1};
    const auto before = for_each_segment<Known>(scan, selection, [&] {
        return Known{active, began.is_known, std::vector<std::uint8_t>(visitors)};
    });
    if (!before) return before.error();
    for (const auto& part : *before) {
        for (std::size_t v = 0; v < visitors; ++v) began.is_known[v] &= !part.known[v];
    }
    return began;
}

}  // namespace

Result<Answer> answer(const Scan& scan, const model::Retention& retention) {
    if (retention.days.size() > kMaxDays) return Error{ErrorCode::invalid, "retention is asked of at most 64 days"};
    auto selection = prepare(scan);
    if (!selection) return std::move(selection).error();
    const auto active = prepare(scan, retention.active);
    if (!active) return active.error();
    const std::size_t visitors = scan.snapshot.visitors;
    const auto began = beginnings(scan, *selection, *active);
    if (!began) return began.error();

    std::vector<std::uint64_t> bit_of_day;
    for (std::size_t i = 0; i < retention.days.size(); ++i) {
        const auto day = static_cast<std::size_t>(std::max(0, retention.days[i]));
        if (day >= bit_of_day.size()) bit_of_day.resize(day + 1);
        bit_of_day[day] |= std::uint64_t{1} << i;
    }
    selection->range.to_ms = kAlways.to_ms;
    if (const auto last = day_of(scan.of.range.to_ms) + std::ssize(bit_of_day); last <= kAlways.to_ms / kDayMs) {
        selection->range.to_ms = last * kDayMs - 1;
    }
    auto returns = for_each_segment<Returns>(scan, *selection, [&] {
        return Returns{*active, *began, bit_of_day, std::vector<std::uint64_t>(visitors)};
    });
    if (!returns) return std::move(returns).error();

    std::map<std::int64_t, std::vector<std::int64_t>> cohorts;
    for (std::size_t v = 0; v < visitors; ++v) {
        if (!began->is_known[v]) continue;
        auto& cohort = cohorts[period_of(began->day[v], retention.cohort)];
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
