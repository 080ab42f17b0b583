#include "store/local/scan/fold.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "store/local/scan/threads.hpp"

namespace collector::store::local {
namespace {

using model::Column;
using model::Unit;
using FoldKind = model::Measure::Fold;

/// The rows of a mask, one after the other.
void gather(const Mask& mask, std::vector<std::uint32_t>& at) {
    at.resize(mask.size() + 1);
    std::size_t count = 0;
    for (std::uint32_t row = 0; row < mask.size(); ++row) {
        at[count] = row;
        count += mask[row];
    }
    at.resize(count);
}

}  // namespace

Fold::Fold(const Scan& scan, const Plan& plan)
    : scan_(scan), plan_(plan), index_(plan.groups.size()), visitors_(scan, plan) {
    for (const auto& measure : plan.measures) {
        const bool of_visitors = !measure.field.of_unit && measure.field.column == Column::visitor;
        measures_.emplace_back(measure.fold, measure.q, measure.is_real, of_visitors ? scan.snapshot.visitors + 1 : 0);
    }
    if (plan.groups.empty()) present_.push_back(1);
}

void Fold::operator()(SegmentView& view) {
    bool is_first = true;
    while (view.next()) {
        if (std::exchange(is_first, false)) {
            read_tables(view);
            visitors_.begin(view);
        }
        BlockMasks masks(view, plan_);
        if (plan_.unit == Unit::visitor) {
            visitors_.add(view, masks, tables_.attributes);
            continue;
        }
        std::vector<UnitColumn> units;
        if (plan_.unit == Unit::session) {
            Mask exist;
            units = sessions_of(view, masks, plan_, tables_.attributes, exist);
            if (plan_.needs_units) fold_units(units, exist);
        }
        if (!plan_.needs_rows) continue;
        if (plan_.by_session) {
            fold_sessions(view, masks, units);
        } else {
            fold_rows(view, masks, units);
        }
    }
    for (auto& measure : measures_) measure.end_segment();
}

void Fold::read_tables(SegmentView& view) {
    tables_ = {};
    for (const auto& group : plan_.groups) {
        auto& table = tables_.groups.emplace_back();
        if (group.domain) table = group.domain->numbers_of(view.meaning(group.column));
        if (!table.empty()) tables_.groups_end = *std::max_element(table.begin(), table.end()) + std::size_t{1};
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
}

std::size_t Fold::bytes() const {
    constexpr std::size_t kBytesAGroup = 128;  // its number, its key, and its row of the answer
    auto bytes = visitors_.bytes() + present_.size() * kBytesAGroup;
    for (const auto& measure : measures_) bytes += measure.bytes();
    return bytes;
}

void Fold::fold_visitors(std::vector<Fold>& folds) {
    constexpr std::uint32_t kAtOnce = 16 * 1024;
    const auto visitors = folds.front().scan_.snapshot.visitors;
    VisitorSet seen(visitors, false);
    std::vector<const Visitors*> parts;
    for (const auto& fold : folds) {
        parts.push_back(&fold.visitors_);
        seen.add(fold.visitors_.seen());
    }
    std::atomic<std::uint32_t> next = 0;
    on_threads(folds.size(), [&](std::size_t i) {
        for (auto begin = next.fetch_add(kAtOnce); begin < visitors; begin = next.fetch_add(kAtOnce)) {
            std::vector<std::uint32_t> some;
            seen.each(begin, begin + kAtOnce, [&](std::uint32_t visitor) { some.push_back(visitor); });
            if (!some.empty()) folds[i].fold_units(Visitors::of_all(parts, some), Mask(some.size(), 1));
        }
    });
}

void Fold::mark(const std::uint32_t* groups, std::size_t count) {
    const auto largest = count == 0 ? 0 : *std::max_element(groups, groups + count);
    if (count > 0 && largest >= present_.size()) present_.resize(largest + std::size_t{1});
    for (std::size_t i = 0; i < count; ++i) present_[groups[i]] = 1;
}

void Fold::narrow(Mask& mask, const UnitCondition& condition, const UnitColumn& column) {
    const auto& attribute = plan_.attributes[condition.attribute];
    if (!attribute.is_value()) return condition.test.narrow(mask, column.integers);
    std::vector<std::int8_t> known(attribute.domain->size() + 1, -1);
    for (std::size_t i = 0; i < mask.size(); ++i) {
        if (!mask[i]) continue;
        auto& holds = known[column.numbers[i]];
        if (holds < 0) holds = attribute.domain->holds(condition.test, column.numbers[i], scan_.texts);
        mask[i] = static_cast<std::uint8_t>(holds);
    }
}

void Fold::fold_units(const std::vector<UnitColumn>& units, const Mask& exist) {
    std::vector<std::uint32_t> at;
    gather(exist, at);
    if (at.empty()) return;
    std::vector<std::uint32_t> groups;
    if (!plan_.groups.empty()) {
        groups.resize(at.size());
        for (std::size_t i = 0; i < at.size(); ++i) {
            groups[i] =
                index_.group([&](std::size_t key) { return units[plan_.groups[key].attribute].numbers[at[i]]; });
        }
        mark(groups.data(), groups.size());
    }
    for (std::size_t m = 0; m < measures_.size(); ++m) {
        const auto& measure = plan_.measures[m];
        if (measure.of_rows) continue;
        Items items{
            .count = at.size(), .groups = groups.empty() ? nullptr : groups.data(), .group_count = present_.size()};
        std::vector<std::uint8_t> folded;
        if (!measure.units.empty()) {
            Mask mask = exist;
            for (const auto& condition : measure.units) narrow(mask, condition, units[condition.attribute]);
            for (const auto unit : at) folded.push_back(mask[unit]);
            items.folded = folded.data();
        }
        if (measure.fold == FoldKind::count) {
            measures_[m].count(items);
        } else if (measure.fold == FoldKind::distinct) {
            std::vector<std::uint32_t> numbers;
            for (const auto unit : at) numbers.push_back(units[measure.field.attribute].numbers[unit]);
            measures_[m].distinct(items, numbers.data(), nullptr);
        } else {
            std::vector<std::int64_t> values;
            for (const auto unit : at) values.push_back(units[measure.field.attribute].integers[unit]);
            measures_[m].numbers(items, values.data());
        }
    }
}

void Fold::fold_sessions(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units) {
    group_sessions(view, masks, units);
    for (std::size_t m = 0; m < measures_.size(); ++m) {
        if (plan_.measures[m].of_rows) fold_session_measure(view, masks, m, units);
    }
}

/// Where the session's counted rows go from one period to the next.
template <typename TimeOf>
void Fold::cut_session(SegmentView& view, const Mask& counted, std::uint32_t session, const TimeOf& time_of) {
    const auto begins = view.sessions();
    std::optional<Piece> piece;
    for (auto row = begins[session]; row < begins[session + 1]; ++row) {
        if (!counted[row]) continue;
        const auto group = tables_.groups[0][view.day_code(time_of(row))];
        if (!piece || piece->group != group) {
            if (piece) pieces_.push_back(*piece);
            piece = {session, row, row, group};
        }
        piece->end = row + 1;
    }
    if (piece) pieces_.push_back(*piece);
}

void Fold::group_sessions(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units) {
    stretches_.clear();
    pieces_.clear();
    const auto& counts = masks.counts(Plan::kCounted);
    Stretch now{0, 0, 0};
    const auto add = [&](std::uint32_t session, std::uint32_t group) {
        if (now.group != group || now.end != session) {
            if (now.end > now.begin) stretches_.push_back(now);
            now = {session, session, group};
        }
        ++now.end;
    };
    if (plan_.groups.empty()) {
        now.end = static_cast<std::uint32_t>(counts.size());
    } else if (plan_.groups[0].of_unit) {
        const auto& numbers = units[plan_.groups[0].attribute].numbers;
        for (std::uint32_t i = 0; i < counts.size(); ++i) {
            if (counts[i] != 0) add(i, numbers[i]);
        }
    } else {
        const auto* table = tables_.groups[0].data();
        const auto begins = view.sessions();
        view.with_times([&](const auto& time_of) {
            std::int64_t day_begin = 0;  // of the day that the group is of
            std::int64_t day_end = 0;
            std::uint32_t group = 0;
            for (std::uint32_t i = 0; i < counts.size(); ++i) {
                if (counts[i] == 0) continue;
                const auto first = time_of(begins[i]);
                const auto last = time_of(begins[i + 1] - 1);
                if (first < day_begin || first >= day_end) {
                    day_begin = day_of(first) * kDayMs;
                    day_end = day_begin + kDayMs;
                    group = table[view.day_code(first)];
                }
                if (last < day_end || table[view.day_code(last)] == group) {
                    add(i, group);
                } else {
                    cut_session(view, masks.mask(Plan::kCounted), i, time_of);
                }
            }
        });
    }
    if (now.end > now.begin) stretches_.push_back(now);
    std::vector<std::uint32_t> groups;
    for (const auto& stretch : stretches_) groups.push_back(stretch.group);
    for (const auto& piece : pieces_) groups.push_back(piece.group);
    mark(groups.data(), groups.size());
}

void Fold::fold_session_measure(SegmentView& view, BlockMasks& masks, std::size_t m,
                                const std::vector<UnitColumn>& units) {
    const auto& measure = plan_.measures[m];
    const auto& counts = masks.counts(measure.rows);
    Mask kept(counts.size(), 1);
    for (const auto& condition : measure.units) narrow(kept, condition, units[condition.attribute]);
    auto& into = measures_[m];
    into.reach(present_.size());
    const bool counts_rows = measure.fold == FoldKind::count;
    const bool counts_sessions = !counts_rows && measure.field.column == Column::session;
    if (!counts_rows && !counts_sessions) return fold_session_visitors(view, masks, m, kept);
    for (const auto& [begin, end, group] : stretches_) {
        std::uint32_t sum = 0;
        for (auto i = begin; i < end; ++i) sum += kept[i] * (counts_rows ? counts[i] : counts[i] != 0);
        into.add(group, sum);
    }
    for (const auto& [session, begin, end, group] : pieces_) {
        if (!kept[session]) continue;
        const auto count = count_in(masks.mask(measure.rows), begin, end);
        into.add(group, counts_rows ? count : count != 0);
    }
}

void Fold::fold_session_visitors(SegmentView& view, BlockMasks& masks, std::size_t m, const Mask& kept) {
    const auto rows = plan_.measures[m].rows;
    const auto& counts = masks.counts(rows);
    const auto* ids = tables_.ids[m].data();
    const auto visitors = view.session_visitors();
    const auto begins = view.sessions();
    auto& into = measures_[m];
    const auto note_each_of = [&](const Piece& piece) {
        const auto& mask = masks.mask(rows);
        const auto* codes = view.codes(Column::visitor);
        for (auto row = piece.begin; row < piece.end; ++row) {
            if (mask[row]) into.note(piece.group, ids[codes[row]]);
        }
    };
    // Of groups, stretches have sessions with counted rows alone.
    const bool all_are_noted = !plan_.groups.empty() && rows == Plan::kCounted && plan_.measures[m].units.empty();
    for (const auto& [begin, end, group] : stretches_) {
        if (all_are_noted && into.note_all(group, visitors.subspan(begin, end - begin), ids)) continue;
        for (auto i = begin; i < end; ++i) {
            if (counts[i] == 0 || !kept[i]) continue;
            if (visitors[i] != 0) {
                into.note(group, ids[visitors[i]]);
            } else {
                note_each_of({i, begins[i], begins[i + 1], group});
            }
        }
    }
    for (const auto& piece : pieces_) {
        if (kept[piece.session]) note_each_of(piece);
    }
}

void Fold::fold_rows(SegmentView& view, BlockMasks& masks, const std::vector<UnitColumn>& units) {
    const auto& counted = masks.mask(Plan::kCounted);
    const auto count = static_cast<std::size_t>(std::count(counted.begin(), counted.end(), 1));
    if (count == 0) return;
    const bool all_counted = count == view.rows();
    rows_.gathered = !all_counted && (!plan_.groups.empty() || count < view.rows() / 4);
    rows_.count = rows_.gathered ? count : view.rows();
    if (rows_.gathered) gather(counted, rows_.at);
    if (!units.empty()) {
        unit_of_row_.resize(view.rows());
        const auto begins = view.sessions();
        for (std::uint32_t i = 0; i + 1 < begins.size(); ++i) {
            std::fill(unit_of_row_.begin() + begins[i], unit_of_row_.begin() + begins[i + 1], i);
        }
    }
    group_rows(view, units);
    for (std::size_t m = 0; m < measures_.size(); ++m) {
        const auto& measure = plan_.measures[m];
        if (!measure.of_rows) continue;
        const auto folded = folded_rows(view, masks, all_counted, measure, units);
        const Items items{.count = rows_.count,
                          .groups = rows_.groups.empty() ? nullptr : rows_.groups.data(),
                          .group_count = present_.size(),
                          .folded = folded ? folded->data() : nullptr};
        fold_measure(view, m, items, units);
    }
}

std::optional<Mask> Fold::folded_rows(SegmentView& view, BlockMasks& masks, bool all_counted,
                                      const PreparedMeasure& measure, const std::vector<UnitColumn>& units) {
    if (measure.rows == Plan::kCounted && measure.units.empty() && (rows_.gathered || all_counted)) return std::nullopt;
    Mask mask = masks.mask(measure.rows);
    for (const auto& condition : measure.units) {
        Mask kept(view.sessions().size() - 1, 1);
        narrow(kept, condition, units[condition.attribute]);
        for (std::size_t row = 0; row < mask.size(); ++row) mask[row] &= kept[unit_of_row_[row]];
    }
    if (!rows_.gathered) return mask;
    Mask folded(rows_.count);
    for (std::size_t i = 0; i < folded.size(); ++i) folded[i] = mask[rows_.at[i]];
    return folded;
}

void Fold::group_rows(SegmentView& view, const std::vector<UnitColumn>& units) {
    rows_.groups.clear();
    if (plan_.groups.empty()) return;
    std::vector<const std::uint32_t*> codes;
    for (const auto& group : plan_.groups) codes.push_back(group.of_unit ? nullptr : view.codes(group.column));
    rows_.groups.resize(rows_.count);
    auto* out = rows_.groups.data();
    const bool is_of_codes = plan_.groups.size() == 1 && codes[0];
    if (is_of_codes && present_.size() < tables_.groups_end) present_.resize(tables_.groups_end);
    const auto with = [&](const auto& row_of) {
        if (is_of_codes) {
            const auto* table = tables_.groups[0].data();
            for (std::size_t i = 0; i < rows_.count; ++i) {
                out[i] = table[codes[0][row_of(i)]];
                present_[out[i]] = 1;
            }
            return;
        }
        for (std::size_t i = 0; i < rows_.count; ++i) {
            out[i] = index_.group([&](std::size_t key) {
                return codes[key] ? tables_.groups[key][codes[key][row_of(i)]]
                                  : units[plan_.groups[key].attribute].numbers[unit_of_row_[row_of(i)]];
            });
        }
    };
    if (rows_.gathered) {
        with([at = rows_.at.data()](std::size_t i) { return at[i]; });
    } else {
        with([](std::size_t i) { return i; });
    }
    if (!is_of_codes) mark(out, rows_.count);
}

void Fold::fold_measure(SegmentView& view, std::size_t m, const Items& items, const std::vector<UnitColumn>& units) {
    const auto& measure = plan_.measures[m];
    const auto& field = measure.field;
    if (measure.fold == FoldKind::count) return measures_[m].count(items);
    const bool is_number = measure.fold != FoldKind::distinct;
    if (is_number && !field.of_unit && !rows_.gathered && view.is_sparse(field.column))
        return fold_sparse(view, m, items);
    if (is_number) return measures_[m].numbers(items, values_of(view, m, units).data());
    const auto* codes = field.of_unit ? nullptr : view.codes(field.column);
    std::vector<std::uint32_t> gathered;
    if (field.of_unit || rows_.gathered) {
        gathered.resize(items.count);
        for (std::size_t i = 0; i < items.count; ++i) {
            const auto row = rows_.row(i);
            gathered[i] = codes ? codes[row] : units[field.attribute].numbers[unit_of_row_[row]];
        }
        codes = gathered.data();
    }
    if (field.of_unit) return measures_[m].distinct(items, codes, nullptr);
    if (field.column == Column::session) return measures_[m].distinct_runs(items, codes);
    measures_[m].distinct(items, codes, tables_.ids[m].data());
}

/// Of the few rows that have a value.
void Fold::fold_sparse(SegmentView& view, std::size_t m, const Items& items) {
    const auto codes = view.live().segment->codes(stored_as(plan_.measures[m].field.column)->column);
    const auto* table = tables_.values[m].data();
    std::vector<std::int64_t> values;
    std::vector<std::uint32_t> groups;
    codes.each_present(view.first_row(), view.first_row() + view.rows(), [&](std::uint32_t at, std::uint32_t code) {
        const auto row = at - view.first_row();
        if (items.folded && !items.folded[row]) return;
        values.push_back(table[code]);
        if (items.groups) groups.push_back(items.groups[row]);
    });
    measures_[m].numbers(
        {.count = values.size(), .groups = items.groups ? groups.data() : nullptr, .group_count = items.group_count},
        values.data());
}

std::vector<std::int64_t> Fold::values_of(SegmentView& view, std::size_t m, const std::vector<UnitColumn>& units) {
    const auto& field = plan_.measures[m].field;
    std::vector<std::int64_t> values(rows_.count);
    const auto gather_from = [&](const auto& value_of) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of(rows_.row(i));
    };
    if (field.of_unit) {
        const auto& integers = units[field.attribute].integers;
        gather_from([&](std::uint32_t row) { return integers[unit_of_row_[row]]; });
    } else if (field.column == Column::time) {
        const auto* time = view.times();
        gather_from([&](std::uint32_t row) { return time[row]; });
    } else if (field.column == Column::next_gap) {
        const auto* gaps = view.next_gaps();
        gather_from([&](std::uint32_t row) { return gaps[row]; });
    } else if (field.column != Column::session) {
        const auto* codes = view.codes(field.column);
        const auto* table = tables_.values[m].data();
        gather_from([&](std::uint32_t row) { return table[codes[row]]; });
    }
    return values;
}

}  // namespace collector::store::local
