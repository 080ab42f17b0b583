#include "store/local/scan/fold.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace collector::store::local {
namespace {

using model::Attribute;
using model::Column;
using model::Measure;
using model::Unit;
using FoldKind = Measure::Fold;

bool is_fold_of_numbers(FoldKind fold) { return fold != FoldKind::count && fold != FoldKind::distinct; }

/// Of each row, how long until the next one of its session that the question sees.
std::vector<std::int64_t> next_gaps(SegmentView& view) {
    std::vector<std::int64_t> gaps(view.rows(), kAbsent);
    const auto* time = view.times();
    const auto& seen = view.seen();
    const auto sessions = view.sessions();
    for (std::size_t i = 0; i + 1 < sessions.size(); ++i) {
        std::int64_t next = kAbsent;
        for (auto row = sessions[i + 1]; row-- > sessions[i];) {
            if (!seen[row]) continue;
            if (next != kAbsent) gaps[row] = next - time[row];
            next = time[row];
        }
    }
    return gaps;
}

}  // namespace

Fold::Fold(const Scan& scan, const Plan& plan) : scan_(scan), plan_(plan), index_(plan.groups.size()) {
    for (const auto& measure : plan.measures) measures_.emplace_back(measure.fold, measure.q, measure.is_real);
    if (plan.groups.empty()) present_.push_back(1);
    if (plan.unit != Unit::visitor) return;
    const std::size_t count = scan.snapshot.visitors;
    visitors_exist_.resize(count);
    for (const auto& attribute : plan.attributes) {
        auto& made = visitors_.emplace_back();
        if (attribute.is_value()) {
            made.so_far.numbers.resize(count);
            made.places.resize(count);
        } else {
            made.so_far.integers.resize(count, attribute.take == Attribute::Take::span ? kAbsent : 0);
        }
        if (attribute.take == Attribute::Take::span) made.latest.resize(count);
    }
}

void Fold::operator()(SegmentView& view) {
    bool is_first = true;
    while (view.next()) {
        if (std::exchange(is_first, false)) read_tables(view);
        const Mask counted = view.narrowed(view.seen(), plan_.counted);
        switch (plan_.unit) {
            case Unit::row: fold_rows(view, counted, {}); break;
            case Unit::session: {
                Mask exist;
                const auto units = sessions_of(view, counted, exist);
                if (plan_.needs_units) fold_units(units, exist);
                if (plan_.needs_rows) fold_rows(view, counted, units);
                break;
            }
            case Unit::visitor: add_visitors(view, counted); break;
        }
    }
    for (auto& measure : measures_) measure.end_runs();
}

void Fold::read_tables(SegmentView& view) {
    tables_ = {};
    for (const auto& group : plan_.groups) {
        auto& table = tables_.groups.emplace_back();
        if (group.domain) table = group.domain->numbers_of(view.meaning(group.column));
    }
    for (const auto& attribute : plan_.attributes) {
        auto& table = tables_.attributes.emplace_back();
        if (attribute.domain) table = attribute.domain->numbers_of(view.meaning(attribute.column));
    }
    tables_.ids.resize(plan_.measures.size());
    tables_.values.resize(plan_.measures.size());
    for (std::size_t i = 0; i < plan_.measures.size(); ++i) read_table(view, i);
}

void Fold::read_table(SegmentView& view, std::size_t measure) {
    const auto& field = plan_.measures[measure].field;
    const auto fold = plan_.measures[measure].fold;
    if (fold == FoldKind::count || field.of_unit || !is_coded(field.column) || field.column == Column::session) return;
    const auto& meaning = view.meaning(field.column);
    if (fold != FoldKind::distinct) {
        auto& values = tables_.values[measure];
        values.push_back(kAbsent);
        for (std::size_t entry = 0; entry < meaning.size(); ++entry) {
            const bool is_text = meaning.are() == Entries::texts;
            values.push_back(meaning.is_null(entry) ? kAbsent : is_text ? 0 : meaning.value(entry));
        }
    } else if (field.column == Column::visitor) {
        auto& ids = tables_.ids[measure];
        ids.push_back(0);
        for (const auto visitor : *view.live().visitors) ids.push_back(visitor + 1);
    } else {
        tables_.ids[measure] = field.domain->numbers_of(meaning);
    }
}

std::vector<UnitColumn> Fold::sessions_of(SegmentView& view, const Mask& counted, Mask& exist) {
    const auto begins = view.sessions();
    const std::size_t sessions = begins.size() - 1;
    exist.assign(sessions, 0);
    for (std::size_t i = 0; i < sessions; ++i) {
        for (auto row = begins[i]; row < begins[i + 1]; ++row) exist[i] |= counted[row];
    }
    std::vector<UnitColumn> columns(plan_.attributes.size());
    for (std::size_t a = 0; a < columns.size(); ++a) {
        const auto& attribute = plan_.attributes[a];
        const Mask mask = view.narrowed(counted, attribute.where);
        const auto* codes = attribute.is_value() ? view.codes(attribute.column) : nullptr;
        const auto* time = attribute.take == Attribute::Take::span ? view.times() : nullptr;
        auto& column = columns[a];
        if (attribute.is_value()) {
            column.numbers.resize(sessions);
        } else {
            column.integers.resize(sessions);
        }
        for (std::size_t i = 0; i < sessions; ++i) {
            std::int64_t count = 0;
            std::uint32_t first = 0;
            std::uint32_t last = 0;
            for (auto row = begins[i]; row < begins[i + 1]; ++row) {
                if (!mask[row]) continue;
                if (count++ == 0) first = row;
                last = row;
            }
            switch (attribute.take) {
                case Attribute::Take::count: column.integers[i] = count; break;
                case Attribute::Take::any: column.integers[i] = count > 0; break;
                case Attribute::Take::span: column.integers[i] = count > 0 ? time[last] - time[first] : 0; break;
                case Attribute::Take::first:
                    if (count > 0) column.numbers[i] = tables_.attributes[a][codes[first]];
                    break;
                case Attribute::Take::last:
                    if (count > 0) column.numbers[i] = tables_.attributes[a][codes[last]];
                    break;
            }
        }
    }
    return columns;
}

void Fold::add_visitors(SegmentView& view, const Mask& counted) {
    const auto* codes = view.codes(Column::visitor);
    const auto& numbers = *view.live().visitors;
    for (std::uint32_t row = 0; row < view.rows(); ++row) {
        if (counted[row]) visitors_exist_[numbers[codes[row] - 1]] = 1;
    }
    for (std::size_t a = 0; a < plan_.attributes.size(); ++a) {
        add_visitor_rows(view, a, view.narrowed(counted, plan_.attributes[a].where));
    }
}

void Fold::add_visitor_rows(SegmentView& view, std::size_t a, const Mask& mask) {
    const auto& attribute = plan_.attributes[a];
    const auto& table = tables_.attributes[a];
    auto& [so_far, latest, places] = visitors_[a];
    const auto* visitor_codes = view.codes(Column::visitor);
    const auto& numbers = *view.live().visitors;
    const auto* codes = attribute.is_value() ? view.codes(attribute.column) : nullptr;
    const auto* time = view.times();
    for (std::uint32_t row = 0; row < view.rows(); ++row) {
        if (!mask[row]) continue;
        const auto visitor = numbers[visitor_codes[row] - 1];
        switch (attribute.take) {
            case Attribute::Take::count: ++so_far.integers[visitor]; break;
            case Attribute::Take::any: so_far.integers[visitor] = 1; break;
            case Attribute::Take::span: {
                auto& earliest = so_far.integers[visitor];
                latest[visitor] = earliest == kAbsent ? time[row] : std::max(latest[visitor], time[row]);
                earliest = earliest == kAbsent ? time[row] : std::min(earliest, time[row]);
                break;
            }
            case Attribute::Take::first:
            case Attribute::Take::last: {
                // A place whose segment is counted from 1, so that 0 is none.
                auto place = view.place(row);
                auto& known = places[visitor];
                const RowPlace before{known.time, known.segment - 1, known.row};
                const bool is_earlier = known.segment == 0 || scan_.texts.precedes(place, before);
                if (known.segment != 0 && is_earlier != (attribute.take == Attribute::Take::first)) break;
                ++place.segment;
                known = place;
                so_far.numbers[visitor] = table[codes[row]];
                break;
            }
        }
    }
}

void Fold::merge(Fold&& other) {
    std::vector<std::uint32_t> group_of;
    for (std::uint32_t group = 0; group < other.present_.size(); ++group) {
        auto here = group;
        if (!other.present_[group]) {
            here = 0;  // whatever: nothing is in it
        } else if (plan_.groups.size() > 1) {
            const auto numbers = other.index_.numbers(group);
            here = index_.group([&](std::size_t key) { return numbers[key]; });
        }
        group_of.push_back(here);
        if (here >= present_.size()) present_.resize(here + std::size_t{1});
        present_[here] |= other.present_[group];
    }
    for (std::size_t i = 0; i < measures_.size(); ++i) measures_[i].merge(std::move(other.measures_[i]), group_of);
    for (std::size_t v = 0; v < visitors_exist_.size(); ++v) visitors_exist_[v] |= other.visitors_exist_[v];
    for (std::size_t a = 0; a < visitors_.size(); ++a) {
        auto& ours = visitors_[a];
        auto& theirs = other.visitors_[a];
        const auto take = plan_.attributes[a].take;
        for (std::size_t v = 0; v < visitors_exist_.size(); ++v) {
            if (take == Attribute::Take::count) {
                ours.so_far.integers[v] += theirs.so_far.integers[v];
            } else if (take == Attribute::Take::any) {
                ours.so_far.integers[v] |= theirs.so_far.integers[v];
            } else if (take == Attribute::Take::span) {
                if (theirs.so_far.integers[v] == kAbsent) continue;
                const bool none = ours.so_far.integers[v] == kAbsent;
                ours.latest[v] = none ? theirs.latest[v] : std::max(ours.latest[v], theirs.latest[v]);
                ours.so_far.integers[v] = none ? theirs.so_far.integers[v]
                                               : std::min(ours.so_far.integers[v], theirs.so_far.integers[v]);
            } else if (theirs.places[v].segment != 0) {
                auto place = theirs.places[v];
                auto known = ours.places[v];
                --place.segment;
                --known.segment;
                const bool is_earlier = ours.places[v].segment == 0 || scan_.texts.precedes(place, known);
                if (ours.places[v].segment != 0 && is_earlier != (take == Attribute::Take::first)) continue;
                ours.places[v] = theirs.places[v];
                ours.so_far.numbers[v] = theirs.so_far.numbers[v];
            }
        }
    }
}

void Fold::finish() {
    if (plan_.unit != Unit::visitor) return;
    std::vector<UnitColumn> units;
    for (std::size_t a = 0; a < visitors_.size(); ++a) {
        auto& [so_far, latest, places] = visitors_[a];
        if (plan_.attributes[a].take == Attribute::Take::span) {
            for (std::size_t v = 0; v < latest.size(); ++v) {
                auto& span = so_far.integers[v];
                span = span == kAbsent ? 0 : latest[v] - span;
            }
        }
        units.push_back(std::move(so_far));
    }
    fold_units(units, visitors_exist_);
}

void Fold::mark(std::size_t count, const std::uint32_t* groups, const Mask& counted) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!counted[i]) continue;
        if (groups[i] >= present_.size()) present_.resize(groups[i] + std::size_t{1});
        present_[groups[i]] = 1;
    }
}

bool Fold::holds(const UnitCondition& condition, const UnitColumn& column, std::size_t unit) {
    const auto& attribute = plan_.attributes[condition.attribute];
    if (!attribute.is_value()) return condition.test.holds_integer(column.integers[unit]);
    return attribute.domain->holds(condition.test, column.numbers[unit], scan_.texts);
}

void Fold::fold_units(const std::vector<UnitColumn>& units, const Mask& exist) {
    const std::size_t count = exist.size();
    std::vector<std::uint32_t> groups(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (!exist[i]) continue;
        groups[i] = index_.group([&](std::size_t key) { return units[plan_.groups[key].attribute].numbers[i]; });
    }
    mark(count, groups.data(), exist);
    for (std::size_t m = 0; m < measures_.size(); ++m) {
        const auto& measure = plan_.measures[m];
        if (measure.of_rows) continue;
        Mask folded = exist;
        for (const auto& condition : measure.units) {
            for (std::size_t i = 0; i < count; ++i) {
                if (folded[i]) folded[i] = holds(condition, units[condition.attribute], i);
            }
        }
        const Items items{count, groups.data(), folded.data()};
        if (measure.fold == FoldKind::count) {
            measures_[m].count(items);
        } else if (measure.fold == FoldKind::distinct) {
            measures_[m].distinct(items, units[measure.field.attribute].numbers.data());
        } else {
            measures_[m].numbers(items, units[measure.field.attribute].integers.data());
        }
    }
}

void Fold::fold_rows(SegmentView& view, const Mask& counted, const std::vector<UnitColumn>& units) {
    const std::uint32_t count = view.rows();
    if (!units.empty()) {
        unit_of_row_.resize(count);
        const auto begins = view.sessions();
        for (std::uint32_t i = 0; i + 1 < begins.size(); ++i) {
            std::fill(unit_of_row_.begin() + begins[i], unit_of_row_.begin() + begins[i + 1], i);
        }
    }
    std::vector<const std::uint32_t*> codes;
    for (const auto& group : plan_.groups) codes.push_back(group.of_unit ? nullptr : view.codes(group.column));
    std::vector<std::uint32_t> groups(count);
    for (std::uint32_t row = 0; row < count && !codes.empty(); ++row) {
        if (!counted[row]) continue;
        groups[row] = index_.group([&](std::size_t key) {
            return codes[key] ? tables_.groups[key][codes[key][row]]
                              : units[plan_.groups[key].attribute].numbers[unit_of_row_[row]];
        });
    }
    mark(count, groups.data(), counted);
    for (std::size_t m = 0; m < measures_.size(); ++m) {
        const auto& measure = plan_.measures[m];
        if (!measure.of_rows) continue;
        Mask folded = view.narrowed(counted, measure.rows);
        for (const auto& condition : measure.units) {
            for (std::uint32_t row = 0; row < count; ++row) {
                if (folded[row]) folded[row] = holds(condition, units[condition.attribute], unit_of_row_[row]);
            }
        }
        fold_row_measure(view, m, {count, groups.data(), folded.data()}, units);
    }
}

void Fold::fold_row_measure(SegmentView& view, std::size_t m, const Items& items, const std::vector<UnitColumn>& units) {
    const auto& measure = plan_.measures[m];
    const auto column = measure.field.column;
    if (measure.fold == FoldKind::count) return measures_[m].count(items);
    if (measure.field.of_unit) {
        const auto& unit = units[measure.field.attribute];
        if (is_fold_of_numbers(measure.fold)) {
            std::vector<std::int64_t> values;
            for (std::size_t row = 0; row < items.count; ++row) values.push_back(unit.integers[unit_of_row_[row]]);
            return measures_[m].numbers(items, values.data());
        }
        std::vector<std::uint32_t> ids;
        for (std::size_t row = 0; row < items.count; ++row) ids.push_back(unit.numbers[unit_of_row_[row]]);
        return measures_[m].distinct(items, ids.data());
    }
    if (column == Column::time) return measures_[m].numbers(items, view.times());
    if (column == Column::next_gap) return measures_[m].numbers(items, next_gaps(view).data());
    const auto* codes = view.codes(column);
    if (column == Column::session && measure.fold == FoldKind::distinct) {
        return measures_[m].distinct_runs(items, codes);
    }
    if (measure.fold == FoldKind::distinct) {
        std::vector<std::uint32_t> ids(items.count);
        for (std::size_t row = 0; row < items.count; ++row) ids[row] = tables_.ids[m][codes[row]];
        return measures_[m].distinct(items, ids.data());
    }
    std::vector<std::int64_t> values(items.count);
    for (std::size_t row = 0; row < items.count; ++row) {
        values[row] = column == Column::session ? 0 : tables_.values[m][codes[row]];
    }
    measures_[m].numbers(items, values.data());
}

}  // namespace collector::store::local
