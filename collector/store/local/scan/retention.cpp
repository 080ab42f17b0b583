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
    ByVisitor<std::int64_t> first_ms;

    std::size_t bytes() const { return first_ms.heap_bytes(); }

    void operator()(SegmentView& view) {
        while (view.next()) {
            each_visitor(runs_of(view, view.narrowed(view.seen(), active)), first_ms.data(),
                         [&](const Run& run, std::int64_t& first) {
                             const auto time = view.time(run.first);
                             first = first_ms.knows(run.visitor) ? std::min(first, time) : time;
                             first_ms.know(run.visitor);
                         });
        }
    }
};

/// Who of some visitors was not active at all.
struct Unknown {
    const PreparedWhere& active;
    VisitorSet unknown;

    std::size_t bytes() const { return unknown.heap_bytes(); }

    void operator()(SegmentView& view) {
        while (view.next()) {
            if (!any_of(view, unknown)) continue;
            for (const auto& run : runs_of(view, view.narrowed(view.seen(), active), &unknown)) {
                unknown.remove(run.visitor);
            }
        }
    }
};

/// Everybody's first active day, if it lies in the range and is the first ever.
struct Beginnings {
    ByVisitor<std::int64_t> day;
    VisitorSet known;                                             // those who have one
    std::int64_t first_day = kNever, last_day = kAlways.from_ms;  // of all of them
};

struct Returns {
    const PreparedWhere& active;
    const Beginnings& began;
    const std::vector<std::uint64_t>& bit_of_day;  // by days since the first one
    ByVisitor<std::uint64_t> returned;             // a bit a day that is asked for

    std::size_t bytes() const { return returned.heap_bytes(); }

    void operator()(SegmentView& view) {
        const auto& header = view.live().segment->header();
        if (!are_asked_for(day_of(header.first_ms), day_of(header.last_ms))) return;
        while (view.next()) {
            const Mask mask = view.narrowed(view.seen(), active);
            each_visitor(runs_of(view, mask, &began.known), began.day.data(), [&](const Run& run, std::int64_t first) {
                note(run.visitor, day_of(view.time(run.first)) - first);
                for (auto row = run.first + 1; row <= run.last; ++row) {
                    if (mask[row]) note(run.visitor, day_of(view.time(row)) - first);
                }
            });
        }
    }

    /// Whether anybody who was there on one of these days may be asked for.
    bool are_asked_for(std::int64_t first, std::int64_t last) const {
        for (std::size_t since = 0; since < bit_of_day.size(); ++since) {
            const auto days = static_cast<std::int64_t>(since);
            if (bit_of_day[since] != 0 && first - days <= began.last_day && last - days >= began.first_day) return true;
        }
        return false;
    }

    void note(std::uint32_t visitor, std::int64_t since) {
        const auto day = static_cast<std::uint64_t>(since);
        if (day >= bit_of_day.size() || bit_of_day[day] == 0) return;
        returned[visitor] = (returned.knows(visitor) ? returned[visitor] : 0) | bit_of_day[day];
        returned.know(visitor);
    }
};

Result<Beginnings> beginnings(const Scan& scan, PreparedSelection selection, const PreparedWhere& active) {
    const std::size_t visitors = scan.snapshot.visitors;
    auto firsts = for_each_segment<Firsts>(scan, selection, [&] {
        return Firsts{active, ByVisitor<std::int64_t>(visitors)};
    });
    if (!firsts) return std::move(firsts).error();
    Beginnings began{ByVisitor<std::int64_t>(visitors), VisitorSet(visitors, false)};
    for (const auto& part : *firsts) began.known.add(part.first_ms.known());
    began.known.each([&](std::uint32_t v) {
        auto first = kNever;
        for (const auto& part : *firsts) first = part.first_ms.knows(v) ? std::min(first, part.first_ms[v]) : first;
        began.day[v] = day_of(first);
        began.first_day = std::min(began.first_day, began.day[v]);
        began.last_day = std::max(began.last_day, began.day[v]);
    });
    if (selection.range.from_ms == kAlways.from_ms) return began;
    selection.range = {kAlways.from_ms, selection.range.from_ms - 1};
    selection.newest_first = true;  // most were there not long before
    const auto before = for_each_segment<Unknown>(scan, selection, [&] { return Unknown{active, began.known}; });
    if (!before) return before.error();
    for (const auto& part : *before) began.known.keep(part.unknown);
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
        return Returns{*active, *began, bit_of_day, ByVisitor<std::uint64_t>(visitors)};
    });
    if (!returns) return std::move(returns).error();

    std::map<std::int64_t, std::vector<std::int64_t>> cohorts;
    began->known.each([&](std::uint32_t v) {
        auto& cohort = cohorts[period_of(began->day[v], retention.cohort)];
        cohort.resize(1 + retention.days.size());
        ++cohort[0];
        std::uint64_t returned = 0;
        for (const auto& part : *returns) returned |= part.returned.knows(v) ? part.returned[v] : 0;
        for (std::size_t i = 0; i < retention.days.size(); ++i) {
            cohort[i + 1] += static_cast<std::int64_t>(returned >> i & 1);
        }
    });
    Answer answer{.rows = {}, .total = std::ssize(cohorts)};
    for (const auto& [day, counts] : cohorts) {
        auto& row = answer.rows.emplace_back();
        row.emplace_back(day);
        for (const auto count : counts) row.emplace_back(count);
    }
    return answer;
}

}  // namespace collector::store::local
