#include "store/local/scan/visitors.hpp"

#include <algorithm>

#include "store/local/scan/heap_bytes.hpp"

namespace collector::store::local {

using Take = model::Attribute::Take;

Visitors::Visitors(const Scan& scan, const Plan& plan) : scan_(scan), plan_(plan) {
    if (plan.unit != model::Unit::visitor) return;
    const std::size_t count = scan.snapshot.visitors;
    seen_ = VisitorSet(count, false);
    attributes_.resize(plan.attributes.size());
    for (std::size_t a = 0; a < plan.attributes.size(); ++a) {
        if (plan.attributes[a].is_value()) ++attributes_[plan.attributes[a].row_of].values;
    }
    for (std::size_t a = 0; a < plan.attributes.size(); ++a) {
        auto& made = attributes_[a];
        const auto take = plan.attributes[a].take;
        made.open = VisitorSet(count, true);
        if (made.values > 0) made.places = ByVisitor<RowPlace>(count);
        if (made.values > 0) made.numbers = ByVisitor<std::uint32_t>(count, made.values);
        if (take == Take::count || take == Take::span) made.integers = ByVisitor<std::int64_t>(count);
        if (take == Take::span) made.latest = ByVisitor<std::int64_t>(count);
    }
}

/// Where segments come newest first, a row that is later than all of them is a visitor's last one.
void Visitors::begin(const SegmentView& view) {
    if (!plan_.selection.newest_first) return;
    const auto last_ms = view.live().segment->header().last_ms;
    for (std::size_t a = 0; a < attributes_.size(); ++a) {
        auto& attribute = attributes_[a];
        if (plan_.attributes[a].take != Take::last) continue;
        std::erase_if(attribute.recent, [&](std::uint32_t visitor) {
            const bool is_settled = attribute.places[visitor].time > last_ms;
            if (is_settled) attribute.open.remove(visitor);
            return is_settled;
        });
    }
}

void Visitors::add(SegmentView& view, BlockMasks& masks, const AttributeTables& tables) {
    bool saw_all = false;
    for (std::size_t a = 0; a < plan_.attributes.size(); ++a) {
        const auto& attribute = plan_.attributes[a];
        if (attribute.is_value() && attribute.row_of != a) continue;
        const auto& mask = masks.mask(attribute.where);
        const auto runs = runs_of(view, mask, &attributes_[a].open);
        if (attribute.where == Plan::kCounted && !saw_all) {
            for (const auto& run : runs) seen_.add(run.visitor);  // of whom nothing is open any more has been seen
            saw_all = true;
        }
        if (attribute.is_value()) {
            add_values(view, a, runs, tables);
        } else {
            add_integers(view, a, mask, runs);
        }
    }
    if (saw_all) return;
    for (const auto& run : runs_of(view, masks.mask(Plan::kCounted))) seen_.add(run.visitor);
}

void Visitors::add_integers(SegmentView& view, std::size_t a, const Mask& mask, const std::vector<Run>& runs) {
    auto& [integers, latest, places, numbers, values, open, recent] = attributes_[a];
    const auto take = plan_.attributes[a].take;
    if (take == Take::any) {
        for (const auto& run : runs) open.remove(run.visitor);
        return;
    }
    each_visitor(runs, integers.data(), [&, &of_all = integers, &until = latest](const Run& run, std::int64_t& value) {
        const bool is_known = of_all.knows(run.visitor);
        of_all.know(run.visitor);
        if (take == Take::count) {
            value = (is_known ? value : 0) + count_in(mask, run.first, run.last + 1);
        } else {
            const auto first = view.time(run.first);
            const auto last = view.time(run.last);
            until[run.visitor] = is_known ? std::max(until[run.visitor], last) : last;
            value = is_known ? std::min(value, first) : first;
        }
    });
}

void Visitors::add_values(SegmentView& view, std::size_t leader, const std::vector<Run>& runs,
                          const AttributeTables& tables) {
    struct Follower {
        const std::uint32_t* codes;
        const std::uint32_t* table;
    };
    std::vector<Follower> followers;
    for (std::size_t a = leader; a < plan_.attributes.size(); ++a) {
        if (plan_.attributes[a].row_of != leader) continue;
        followers.push_back({view.codes(plan_.attributes[a].column), tables[a].data()});
    }
    auto& attribute = attributes_[leader];
    const bool wants_first = plan_.attributes[leader].take == Take::first;
    const bool settles = !wants_first && plan_.selection.newest_first;
    each_visitor(runs, attribute.places.data(), [&](const Run& run, RowPlace& known) {
        const auto row = wants_first ? run.first : run.last;
        const auto place = view.place(row);
        if (attribute.places.knows(run.visitor)) {
            if (!takes(leader, place, known)) return;
        } else {
            attribute.places.know(run.visitor);
            if (settles) attribute.recent.push_back(run.visitor);
        }
        known = place;
        auto* numbers = &attribute.numbers[run.visitor * followers.size()];
        for (const auto& follower : followers) *numbers++ = follower.table[follower.codes[row]];
    });
}

bool Visitors::takes(std::size_t leader, const RowPlace& place, const RowPlace& known) const {
    const bool wants_first = plan_.attributes[leader].take == Take::first;
    if (place.time != known.time) return (place.time < known.time) == wants_first;
    return scan_.texts.precedes(place, known) == wants_first;
}

std::size_t Visitors::place_among_values(std::size_t attribute) const {
    std::size_t place = 0;
    for (auto a = plan_.attributes[attribute].row_of; a < attribute; ++a) {
        if (plan_.attributes[a].row_of == plan_.attributes[attribute].row_of) ++place;
    }
    return place;
}

std::size_t Visitors::bytes() const {
    auto bytes = seen_.heap_bytes();
    for (const auto& of : attributes_) {
        bytes += of.integers.heap_bytes() + of.latest.heap_bytes() + of.numbers.heap_bytes() + of.places.heap_bytes() +
                 of.open.heap_bytes() + heap_bytes(of.recent);
    }
    return bytes;
}

std::vector<UnitColumn> Visitors::of_all(const std::vector<const Visitors*>& parts,
                                         const std::vector<std::uint32_t>& visitors) {
    const auto& one = *parts.front();
    std::vector<UnitColumn> columns(one.attributes_.size());
    for (std::size_t a = 0; a < columns.size(); ++a) {
        const auto& attribute = one.plan_.attributes[a];
        if (!attribute.is_value()) {
            columns[a] = one.integers_of_all(parts, a, visitors);
            continue;
        }
        const auto leader = attribute.row_of;
        const auto at = one.place_among_values(a);
        for (const auto v : visitors) {
            const Attribute* best = nullptr;
            for (const auto* part : parts) {
                const auto& theirs = part->attributes_[leader];
                if (!theirs.places.knows(v) || (best && !one.takes(leader, theirs.places[v], best->places[v])))
                    continue;
                best = &theirs;
            }
            columns[a].numbers.push_back(best ? best->numbers[v * best->values + at] : 0);
        }
    }
    return columns;
}

UnitColumn Visitors::integers_of_all(const std::vector<const Visitors*>& parts, std::size_t a,
                                     const std::vector<std::uint32_t>& visitors) const {
    const auto take = plan_.attributes[a].take;
    UnitColumn column;
    for (const auto v : visitors) {
        std::int64_t value = 0;
        auto first = kAbsent;
        auto last = kAbsent;
        for (const auto* part : parts) {
            const auto& theirs = part->attributes_[a];
            if (take == Take::any) {
                value |= theirs.open.has(v) ? 0 : 1;
            } else if (!theirs.integers.knows(v)) {
                continue;
            } else if (take == Take::count) {
                value += theirs.integers[v];
            } else {
                first = first == kAbsent ? theirs.integers[v] : std::min(first, theirs.integers[v]);
                last = std::max(last, theirs.latest[v]);  // kAbsent is less than any time
            }
        }
        column.integers.push_back(take == Take::span && first != kAbsent ? last - first : value);
    }
    return column;
}

}  // namespace collector::store::local
