#include "store/local/scan/accumulator.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "store/local/scan/heap_bytes.hpp"
#include "store/local/scan/threads.hpp"

namespace collector::store::local {
namespace {

using Fold = model::Measure::Fold;
using model::Value;

constexpr double kMillion = 1e6;
// Fewer ids of a group are not worth bits.
constexpr std::size_t kMinList = 256;
// A list is written in order where bits are set at random; until it has an id for so many bits, that is worth more
// than the memory, which bits save by then.
constexpr std::size_t kBitsAnId = 4;
// Beyond it a real has no millionths; and so many of it still have room.
constexpr double kMaxReal = 1e18;

Int128 millionths_of(double value) {
    return static_cast<Int128>(std::round(std::clamp(value, -kMaxReal, kMaxReal) * kMillion));
}

double real_of(Int128 millionths) {
    const auto whole = static_cast<double>(static_cast<long double>(millionths) / 1e6L);
    return whole;
}

/// The nearest integer that has room.
std::int64_t clamped(Int128 sum) {
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(std::clamp(sum, kMin, kMax));
}

bool less(std::int64_t a, std::int64_t b, bool is_real) {
    return is_real ? std::bit_cast<double>(a) < std::bit_cast<double>(b) : a < b;
}

}  // namespace

void Accumulator::reach(std::size_t groups) {
    if (fold_ == Fold::distinct && last_.size() < groups) {
        last_.resize(groups);
        ids_.resize(groups);
    }
    if (fold_ == Fold::quantile) {
        if (samples_.size() < groups) samples_.resize(groups);
    } else if (fold_ == Fold::sum) {
        if (sums_.size() < groups) sums_.resize(groups);
    } else if (integers_.size() < groups) {
        const bool is_bound = fold_ == Fold::least || fold_ == Fold::greatest;
        integers_.resize(groups, is_bound ? kAbsent : 0);
    }
}

void Accumulator::count(const Items& items) {
    reach(items.group_count);
    auto* counts = integers_.data();
    if (!items.groups) {
        std::size_t folded = items.count;
        if (items.folded) folded = static_cast<std::size_t>(std::count(items.folded, items.folded + items.count, 1));
        counts[0] += static_cast<std::int64_t>(folded);
    } else if (!items.folded) {
        for (std::size_t i = 0; i < items.count; ++i) ++counts[items.groups[i]];
    } else {
        for (std::size_t i = 0; i < items.count; ++i) counts[items.groups[i]] += items.folded[i];
    }
}

namespace {
/// Calls `fold(i, group)` for what is folded.
template <typename FoldOne>
void each(const Items& items, FoldOne&& fold) {
    for (std::size_t i = 0; i < items.count; ++i) {
        if (items.folded && !items.folded[i]) continue;
        fold(i, items.groups ? items.groups[i] : 0);
    }
}
}  // namespace

void Accumulator::numbers(const Items& items, const std::int64_t* values) {
    reach(items.group_count);
    switch (fold_) {
        case Fold::sum:
            each(items, [&](std::size_t i, std::uint32_t group) {
                const bool is_absent = values[i] == kAbsent;  // of integers as likely as not: no branch
                if (!is_real_) {
                    sums_[group] += is_absent ? 0 : values[i];
                } else if (!is_absent) {
                    sums_[group] += millionths_of(std::bit_cast<double>(values[i]));
                }
            });
            break;
        case Fold::present:
            each(items, [&](std::size_t i, std::uint32_t group) { integers_[group] += values[i] != kAbsent; });
            break;
        case Fold::least:
        case Fold::greatest:
            each(items, [&](std::size_t i, std::uint32_t group) {
                if (values[i] == kAbsent) return;
                auto& bound = integers_[group];
                const bool better =
                    fold_ == Fold::least ? less(values[i], bound, is_real_) : less(bound, values[i], is_real_);
                if (bound == kAbsent || better) bound = values[i];
            });
            break;
        case Fold::quantile:
            each(items, [&](std::size_t i, std::uint32_t group) {
                if (values[i] == kAbsent) return;
                samples_[group].push_back(is_real_ ? std::bit_cast<double>(values[i]) : static_cast<double>(values[i]));
            });
            break;
        case Fold::count:
        case Fold::distinct: break;
    }
}

void Accumulator::distinct(const Items& items, const std::uint32_t* codes, const std::uint32_t* ids) {
    reach(items.group_count);
    each(items, [&](std::size_t i, std::uint32_t group) {
        auto& last = last_[group];
        if (last == codes[i] || codes[i] == 0) return;  // most often the same visitor goes on
        last = codes[i];
        if (const auto id = ids ? ids[codes[i]] : codes[i]; id != 0) note(group, id);
    });
}

void Accumulator::distinct_runs(const Items& items, const std::uint32_t* ids) {
    reach(items.group_count);
    each(items, [&](std::size_t i, std::uint32_t group) {
        auto& last = last_[group];
        integers_[group] += last != ids[i];
        last = ids[i];
    });
}

bool Accumulator::note_all(std::uint32_t group, std::span<const std::uint32_t> codes, const std::uint32_t* ids) {
    auto& [bits, list] = ids_[group];
    const auto known = list.size();
    const auto size = known + codes.size();
    if (!bits.empty() || size > std::max(kMinList, most_ids_ / kBitsAnId)) return false;
    if (std::find(codes.begin(), codes.end(), 0u) != codes.end()) return false;
    if (list.capacity() < size) list.reserve(std::max(size, 2 * list.capacity()));
    list.resize(size);
    auto* out = list.data() + known;
    for (const auto code : codes) *out++ = ids[code];
    return true;
}

/// Of a list that is full, or of bits that are too few.
void Accumulator::note_more(std::uint32_t group, std::uint32_t id) {
    auto& ids = ids_[group];
    if (ids.bits.empty() &&
        (ids.list.size() < kMinList || ids.list.size() * kBitsAnId < std::max<std::size_t>(most_ids_, id))) {
        ids.list.push_back(id);
        return;
    }
    std::vector<std::uint32_t> list;
    list.swap(ids.list);
    ids.bits.resize(std::max<std::size_t>({id / 64 + std::size_t{1}, most_ids_ / 64, ids.bits.size() * 3 / 2}));
    for (const auto known : list) note(group, known);
    note(group, id);
}

namespace {
/// `marks` has room for the ids as they come, and is all 0 before and after.
std::int64_t count_different(const std::vector<std::uint32_t>& ids, std::vector<std::uint64_t>& marks) {
    std::int64_t count = 0;
    for (const auto id : ids) {
        if (id / 64 >= marks.size()) marks.resize(id / 64 + 1);
        auto& word = marks[id / 64];
        const std::uint64_t bit = std::uint64_t{1} << (id % 64);
        count += (word & bit) == 0;
        word |= bit;
    }
    for (const auto id : ids) marks[id / 64] = 0;
    return count;
}
}  // namespace

void Accumulator::count_ids() {
    std::size_t listed = 0;
    for (const auto& ids : ids_) listed += ids.list.size();
    std::atomic<std::size_t> next = 0;
    on_threads(threads_for(listed), [&](std::size_t) {
        std::vector<std::uint64_t> marks;
        for (auto group = next++; group < ids_.size(); group = next++) {
            const auto& ids = ids_[group];
            for (const auto word : ids.bits) integers_[group] += std::popcount(word);
            integers_[group] += count_different(ids.list, marks);
        }
    });
}

void Accumulator::merge(Accumulator&& other, const std::vector<std::uint32_t>& group_of) {
    std::size_t groups = 0;
    for (const auto group : group_of) groups = std::max<std::size_t>(groups, group + std::size_t{1});
    reach(groups);
    const auto theirs_of = [&](const auto& values) { return std::min(values.size(), group_of.size()); };
    for (std::size_t i = 0; i < theirs_of(other.sums_); ++i) sums_[group_of[i]] += other.sums_[i];
    for (std::size_t i = 0; i < theirs_of(other.integers_); ++i) {
        auto& ours = integers_[group_of[i]];
        const auto theirs = other.integers_[i];
        if (fold_ != Fold::least && fold_ != Fold::greatest) {
            ours += theirs;
        } else if (theirs != kAbsent) {
            const bool better = fold_ == Fold::least ? less(theirs, ours, is_real_) : less(ours, theirs, is_real_);
            if (ours == kAbsent || better) ours = theirs;
        }
    }
    for (std::size_t i = 0; i < theirs_of(other.ids_); ++i) {
        auto& ours = ids_[group_of[i]];
        auto& theirs = other.ids_[i];
        if (ours.bits.empty() && theirs.bits.empty()) {
            if (ours.list.size() < theirs.list.size()) ours.list.swap(theirs.list);
            ours.list.insert(ours.list.end(), theirs.list.begin(), theirs.list.end());
            continue;
        }
        if (ours.bits.size() < theirs.bits.size()) ours.bits.resize(theirs.bits.size());
        for (std::size_t word = 0; word < theirs.bits.size(); ++word) ours.bits[word] |= theirs.bits[word];
        std::vector<std::uint32_t> list;
        list.swap(ours.list);
        for (const auto id : list) note(group_of[i], id);
        for (const auto id : theirs.list) note(group_of[i], id);
    }
    for (std::size_t i = 0; i < theirs_of(other.samples_); ++i) {
        auto& ours = samples_[group_of[i]];
        ours.insert(ours.end(), other.samples_[i].begin(), other.samples_[i].end());
    }
    other = Accumulator(fold_, q_, is_real_, most_ids_);
}

std::size_t Accumulator::bytes() const {
    auto bytes = heap_bytes(integers_, sums_, last_, ids_, samples_);
    for (const auto& ids : ids_) bytes += heap_bytes(ids.bits, ids.list);
    for (const auto& samples : samples_) bytes += heap_bytes(samples);
    return bytes;
}

std::vector<Value> Accumulator::finish(std::size_t groups) {
    reach(groups);
    if (fold_ == Fold::quantile) return quantiles(groups);
    std::vector<Value> values(groups);
    count_ids();
    for (std::size_t group = 0; group < groups; ++group) {
        if (fold_ == Fold::sum) {
            values[group] = is_real_ ? Value(real_of(sums_[group])) : Value(clamped(sums_[group]));
        } else if (integers_[group] == kAbsent) {
            values[group] = std::monostate();
        } else if (is_real_ && (fold_ == Fold::least || fold_ == Fold::greatest)) {
            values[group] = std::bit_cast<double>(integers_[group]);
        } else {
            values[group] = integers_[group];
        }
    }
    return values;
}

std::vector<Value> Accumulator::quantiles(std::size_t groups) {
    std::vector<Value> values(groups);
    for (std::size_t group = 0; group < groups; ++group) {
        auto& samples = samples_[group];
        if (samples.empty()) continue;
        const double position = static_cast<double>(samples.size() - 1) * q_;
        const auto rank = samples.begin() + static_cast<std::ptrdiff_t>(position);
        std::nth_element(samples.begin(), rank, samples.end());
        const double low = *rank;
        const double high = rank + 1 == samples.end() ? low : *std::min_element(rank + 1, samples.end());
        values[group] = low + (high - low) * (position - std::floor(position));
    }
    return values;
}

}  // namespace collector::store::local
