#include "store/local/scan/units.hpp"

#include <algorithm>
#include <utility>

namespace collector::store::local {
namespace {

using model::Column;
using Take = model::Attribute::Take;

bool is_value(Take take) { return take == Take::first || take == Take::last; }

/// How many rows of the block up to each are in the mask, so that a session's count is a difference.
void sum(const Mask& mask, std::vector<std::uint32_t>& sums) {
    sums.resize(mask.size() + 1);
    std::uint32_t so_far = 0;
    for (std::size_t row = 0; row < mask.size(); ++row) {
        sums[row] = so_far;
        so_far += mask[row];
    }
    sums[mask.size()] = so_far;
}

}  // namespace

std::vector<UnitColumn> sessions_of(SegmentView& view, const Plan& plan, const AttributeTables& tables,
                                    const Mask& counted, Mask& exist) {
    const auto begins = view.sessions();
    const std::size_t sessions = begins.size() - 1;
    std::vector<std::uint32_t> sums;
    sum(counted, sums);
    exist.resize(sessions);
    for (std::size_t i = 0; i < sessions; ++i) exist[i] = sums[begins[i + 1]] != sums[begins[i]];

    std::vector<UnitColumn> columns(plan.attributes.size());
    for (std::size_t a = 0; a < columns.size(); ++a) {
        const auto& attribute = plan.attributes[a];
        auto& column = columns[a];
        const Mask mask = view.narrowed(counted, attribute.where);
        sum(mask, sums);
        const auto count_of = [&](std::size_t i) { return sums[begins[i + 1]] - sums[begins[i]]; };
        const auto first_of = [&](std::size_t i) {
            auto row = begins[i];
            while (!mask[row]) ++row;
            return row;
        };
        const auto last_of = [&](std::size_t i) {
            auto row = begins[i + 1] - 1;
            while (!mask[row]) --row;
            return row;
        };
        if (is_value(attribute.take)) {
            column.numbers.resize(sessions);
            const auto* codes = view.codes(attribute.column);
            for (std::size_t i = 0; i < sessions; ++i) {
                if (count_of(i) == 0) continue;
                const auto row = attribute.take == Take::first ? first_of(i) : last_of(i);
                column.numbers[i] = tables[a][codes[row]];
            }
            continue;
        }
        column.integers.resize(sessions);
        auto* out = column.integers.data();
        if (attribute.take == Take::count) {
            for (std::size_t i = 0; i < sessions; ++i) out[i] = count_of(i);
        } else if (attribute.take == Take::any) {
            for (std::size_t i = 0; i < sessions; ++i) out[i] = count_of(i) > 0;
        } else {
            const auto* time = view.times();
            for (std::size_t i = 0; i < sessions; ++i) {
                if (count_of(i) > 1) out[i] = time[last_of(i)] - time[first_of(i)];
            }
        }
    }
    return columns;
}

Visitors::Visitors(const Scan& scan, const Plan& plan) : scan_(scan), plan_(plan) {
    if (plan.unit != model::Unit::visitor) return;
    const std::size_t count = scan.snapshot.visitors;
    exist_.resize(count);
    for (const auto& attribute : plan.attributes) {
        auto& made = attributes_.emplace_back();
        if (attribute.is_value()) {
            made.so_far.numbers.resize(count);
            made.places.resize(count);
        } else {
            made.so_far.integers.resize(count, attribute.take == Take::span ? kAbsent : 0);
        }
        if (attribute.take == Take::span) made.latest.resize(count);
    }
}

void Visitors::add(SegmentView& view, const AttributeTables& tables, const Mask& counted) {
    const auto* codes = view.codes(Column::visitor);
    const auto* numbers = view.live().visitors->data();
    std::uint32_t last = 0;
    for (std::uint32_t row = 0; row < view.rows(); ++row) {
        if (!counted[row] || codes[row] == last) continue;
        last = codes[row];
        exist_[numbers[last - 1]] = 1;
    }
    for (std::size_t a = 0; a < plan_.attributes.size(); ++a) {
        const Mask mask = view.narrowed(counted, plan_.attributes[a].where);
        if (plan_.attributes[a].is_value()) {
            add_values(view, a, tables[a], mask);
        } else {
            add_numbers(view, a, mask);
        }
    }
}

void Visitors::add_numbers(SegmentView& view, std::size_t a, const Mask& mask) {
    auto& [so_far, latest, places] = attributes_[a];
    const auto take = plan_.attributes[a].take;
    const auto* codes = view.codes(Column::visitor);
    const auto* numbers = view.live().visitors->data();
    const auto* time = take == Take::span ? view.times() : nullptr;
    std::uint32_t last = 0;
    for (std::uint32_t row = 0; row < view.rows(); ++row) {
        if (!mask[row]) continue;
        if (take == Take::any && codes[row] == last) continue;
        last = codes[row];
        auto& value = so_far.integers[numbers[last - 1]];
        if (take == Take::count) {
            ++value;
        } else if (take == Take::any) {
            value = 1;
        } else {
            auto& until = latest[numbers[last - 1]];
            until = value == kAbsent ? time[row] : std::max(until, time[row]);
            value = value == kAbsent ? time[row] : std::min(value, time[row]);
        }
    }
}

/// Of the rows of a session that are a visitor's and follow each other, only the first or the last is of interest.
void Visitors::add_values(SegmentView& view, std::size_t a, const std::vector<std::uint32_t>& table, const Mask& mask) {
    auto& [so_far, latest, places] = attributes_[a];
    const bool wants_first = plan_.attributes[a].take == Take::first;
    const auto* visitors = view.codes(Column::visitor);
    const auto* numbers = view.live().visitors->data();
    const auto* codes = view.codes(plan_.attributes[a].column);
    const auto begins = view.sessions();
    const auto take = [&](std::uint32_t row) {
        const auto visitor = numbers[visitors[row] - 1];
        auto place = view.place(row);
        ++place.segment;
        if (!takes(a, place, places[visitor])) return;
        places[visitor] = place;
        so_far.numbers[visitor] = table[codes[row]];
    };
    for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
        std::uint32_t last = 0;  // the visitor's code
        std::uint32_t last_row = 0;
        for (auto row = begins[i]; row < begins[i + 1]; ++row) {
            if (!mask[row]) continue;
            if (visitors[row] != last) {
                if (last != 0 && !wants_first) take(last_row);
                last = visitors[row];
                if (wants_first) take(row);
            }
            last_row = row;
        }
        if (last != 0 && !wants_first) take(last_row);
    }
}

bool Visitors::takes(std::size_t a, const RowPlace& place, const RowPlace& known) const {
    if (known.segment == 0) return true;
    const bool wants_first = plan_.attributes[a].take == Take::first;
    const RowPlace here{place.time, place.segment - 1, place.row};
    const RowPlace there{known.time, known.segment - 1, known.row};
    return scan_.texts.precedes(here, there) == wants_first;
}

void Visitors::merge(const Visitors& other) {
    for (std::size_t v = 0; v < exist_.size(); ++v) exist_[v] |= other.exist_[v];
    for (std::size_t a = 0; a < attributes_.size(); ++a) {
        auto& ours = attributes_[a];
        const auto& theirs = other.attributes_[a];
        for (std::size_t v = 0; v < theirs.places.size(); ++v) {
            if (theirs.places[v].segment == 0 || !takes(a, theirs.places[v], ours.places[v])) continue;
            ours.places[v] = theirs.places[v];
            ours.so_far.numbers[v] = theirs.so_far.numbers[v];
        }
        for (std::size_t v = 0; v < theirs.so_far.integers.size(); ++v) {
            auto& value = ours.so_far.integers[v];
            const auto their_value = theirs.so_far.integers[v];
            switch (plan_.attributes[a].take) {
                case Take::count: value += their_value; break;
                case Take::any: value |= their_value; break;
                case Take::span:
                    if (their_value == kAbsent) break;
                    ours.latest[v] = value == kAbsent ? theirs.latest[v] : std::max(ours.latest[v], theirs.latest[v]);
                    value = value == kAbsent ? their_value : std::min(value, their_value);
                    break;
                case Take::first:
                case Take::last: break;
            }
        }
    }
}

std::vector<UnitColumn> Visitors::finish() {
    std::vector<UnitColumn> columns;
    for (auto& [so_far, latest, places] : attributes_) {
        for (std::size_t v = 0; v < latest.size(); ++v) {
            auto& span = so_far.integers[v];
            span = span == kAbsent ? 0 : latest[v] - span;
        }
        columns.push_back(std::move(so_far));
    }
    return columns;
}

}  // namespace collector::store::local
