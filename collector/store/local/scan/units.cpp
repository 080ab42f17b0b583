#include "store/local/scan/units.hpp"

#include <algorithm>
#include <utility>

#include "store/local/scan/heap_bytes.hpp"

namespace collector::store::local {
namespace {

using model::Column;
using Take = model::Attribute::Take;

bool is_value(Take take) { return take == Take::first || take == Take::last; }

}  // namespace

std::vector<UnitColumn> sessions_of(SegmentView& view, BlockMasks& masks, const Plan& plan,
                                    const AttributeTables& tables, Mask& exist) {
    const auto begins = view.sessions();
    const std::size_t sessions = begins.size() - 1;
    exist.resize(sessions);
    const auto& all = masks.counts(Plan::kCounted);
    for (std::size_t i = 0; i < sessions; ++i) exist[i] = all[i] != 0;

    std::vector<UnitColumn> columns(plan.attributes.size());
    for (std::size_t a = 0; a < columns.size(); ++a) {
        const auto& attribute = plan.attributes[a];
        auto& column = columns[a];
        const auto& mask = masks.mask(attribute.where);
        const auto& counts = masks.counts(attribute.where);
        // Most often all rows of a session are meant.
        const auto is_whole = [&](std::size_t i) { return counts[i] == begins[i + 1] - begins[i]; };
        const auto first_of = [&](std::size_t i) {
            return is_whole(i) ? begins[i] : first_in(mask, begins[i], begins[i + 1]);
        };
        const auto last_of = [&](std::size_t i) {
            return is_whole(i) ? begins[i + 1] - 1 : last_in(mask, begins[i + 1]);
        };
        if (is_value(attribute.take)) {
            column.numbers.resize(sessions);
            const auto* codes = view.codes(attribute.column);
            for (std::size_t i = 0; i < sessions; ++i) {
                if (counts[i] == 0) continue;
                const auto row = attribute.take == Take::first ? first_of(i) : last_of(i);
                column.numbers[i] = tables[a][codes[row]];
            }
            continue;
        }
        column.integers.resize(sessions);
        auto* out = column.integers.data();
        if (attribute.take == Take::count) {
            for (std::size_t i = 0; i < sessions; ++i) out[i] = counts[i];
        } else if (attribute.take == Take::any) {
            for (std::size_t i = 0; i < sessions; ++i) out[i] = counts[i] > 0;
        } else {
            for (std::size_t i = 0; i < sessions; ++i) {
                if (counts[i] > 1) out[i] = view.time(last_of(i)) - view.time(first_of(i));
            }
        }
    }
    return columns;
}

Visitors::Visitors(const Scan& scan, const Plan& plan) : scan_(scan), plan_(plan) {
    if (plan.unit != model::Unit::visitor) return;
    const std::size_t count = scan.snapshot.visitors;
    exist_.resize(count);
    for (std::size_t a = 0; a < plan.attributes.size(); ++a) {
        const auto& attribute = plan.attributes[a];
        auto& made = attributes_.emplace_back();
        if (attribute.is_value()) {
            made.numbers.resize(count);
            if (attribute.row_of == a) made.places.resize(count);
        } else {
            made.integers.resize(count, attribute.take == Take::span ? kAbsent : 0);
        }
        if (attribute.take == Take::span) made.latest.resize(count);
    }
}

void Visitors::add(SegmentView& view, BlockMasks& masks, const AttributeTables& tables) {
    std::vector<std::optional<std::vector<Run>>> made(plan_.wheres.size());
    const auto runs = [&](std::size_t where) -> const std::vector<Run>& {
        if (!made[where]) made[where] = runs_of(view, masks.mask(where));
        return *made[where];
    };
    each_visitor(runs(Plan::kCounted), exist_.data(), [](const Run&, std::uint8_t& exists) { exists = 1; });
    for (std::size_t a = 0; a < plan_.attributes.size(); ++a) {
        const auto& attribute = plan_.attributes[a];
        if (attribute.is_value() && attribute.row_of != a) continue;
        if (attribute.is_value()) {
            add_values(view, a, tables, runs(attribute.where));
        } else {
            add_integers(view, a, masks.mask(attribute.where), runs(attribute.where));
        }
    }
}

void Visitors::add_integers(SegmentView& view, std::size_t a, const Mask& mask, const std::vector<Run>& runs) {
    auto& attribute = attributes_[a];
    const auto take = plan_.attributes[a].take;
    each_visitor(runs, attribute.integers.data(), [&](const Run& run, std::int64_t& value) {
        if (take == Take::any) {
            value = 1;
        } else if (take == Take::count) {
            value += count_in(mask, run.first, run.last + 1);
        } else {
            auto& until = attribute.latest[run.visitor];
            until = value == kAbsent ? view.time(run.last) : std::max(until, view.time(run.last));
            value = value == kAbsent ? view.time(run.first) : std::min(value, view.time(run.first));
        }
    });
}

void Visitors::add_values(SegmentView& view, std::size_t leader, const AttributeTables& tables,
                          const std::vector<Run>& runs) {
    struct Follower {
        std::uint32_t* numbers;
        const std::uint32_t* codes;
        const std::uint32_t* table;
    };
    std::vector<Follower> followers;
    for (std::size_t a = leader; a < plan_.attributes.size(); ++a) {
        if (plan_.attributes[a].row_of != leader) continue;
        followers.push_back({attributes_[a].numbers.data(), view.codes(plan_.attributes[a].column), tables[a].data()});
    }
    const bool wants_first = plan_.attributes[leader].take == Take::first;
    each_visitor(runs, attributes_[leader].places.data(), [&](const Run& run, RowPlace& known) {
        const auto row = wants_first ? run.first : run.last;
        auto place = view.place(row);
        ++place.segment;
        if (!takes(leader, place, known)) return;
        known = place;
        for (const auto& follower : followers) follower.numbers[run.visitor] = follower.table[follower.codes[row]];
    });
}

bool Visitors::takes(std::size_t leader, const RowPlace& place, const RowPlace& known) const {
    const bool wants_first = plan_.attributes[leader].take == Take::first;
    if (known.segment == 0) return true;
    if (place.time != known.time) return (place.time < known.time) == wants_first;
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
            for (std::size_t b = a; b < attributes_.size(); ++b) {
                if (plan_.attributes[b].row_of == a) attributes_[b].numbers[v] = other.attributes_[b].numbers[v];
            }
        }
        for (std::size_t v = 0; v < theirs.integers.size(); ++v) {
            auto& value = ours.integers[v];
            const auto their_value = theirs.integers[v];
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

std::size_t Visitors::bytes() const {
    auto bytes = heap_bytes(exist_);
    for (const auto& of : attributes_) bytes += heap_bytes(of.integers, of.latest, of.numbers, of.places);
    return bytes;
}

std::vector<UnitColumn> Visitors::finish() {
    std::vector<UnitColumn> columns;
    for (auto& attribute : attributes_) {
        for (std::size_t v = 0; v < attribute.latest.size(); ++v) {
            auto& span = attribute.integers[v];
            span = span == kAbsent ? 0 : attribute.latest[v] - span;
        }
        columns.push_back({std::move(attribute.integers), std::move(attribute.numbers)});
    }
    return columns;
}

}  // namespace collector::store::local
