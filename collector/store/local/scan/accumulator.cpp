#include "store/local/scan/accumulator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace collector::store::local {
namespace {

using Fold = model::Measure::Fold;
using model::Value;

constexpr double kMillion = 1e6;
// Beyond it a real has no millionths; and so many of it still have room.
constexpr double kMaxReal = 1e18;

Int128 millionths_of(double value) {
    return static_cast<Int128>(std::round(std::clamp(value, -kMaxReal, kMaxReal) * kMillion));
}

double real_of(Int128 millionths) {
    const auto whole = static_cast<double>(static_cast<long double>(millionths) / 1e6L);
    return whole;
}

bool less(std::int64_t a, std::int64_t b, bool is_real) {
    return is_real ? std::bit_cast<double>(a) < std::bit_cast<double>(b) : a < b;
}

std::size_t groups_of(const Items& items) {
    return items.count == 0 ? 0 : *std::max_element(items.groups, items.groups + items.count) + std::size_t{1};
}

}  // namespace

std::vector<std::int64_t> count_distinct(std::vector<std::uint64_t> pairs, std::size_t groups, std::size_t ids) {
    // Sorted by group, each group's ids are marked in a bitmap that is small enough for the cache, and unmarked.
    std::vector<std::size_t> ends(groups + 1);
    for (const auto pair : pairs) ++ends[(pair >> 32) + 1];
    for (std::size_t group = 0; group < groups; ++group) ends[group + 1] += ends[group];
    std::vector<std::uint32_t> sorted(pairs.size());
    auto places = ends;
    for (const auto pair : pairs) sorted[places[pair >> 32]++] = static_cast<std::uint32_t>(pair);
    pairs = {};
    std::vector<std::uint64_t> marks(ids / 64 + 1);
    std::vector<std::int64_t> counts(groups);
    for (std::size_t group = 0; group < groups; ++group) {
        std::int64_t count = 0;
        for (auto at = ends[group]; at < ends[group + 1]; ++at) {
            auto& word = marks[sorted[at] / 64];
            const std::uint64_t bit = std::uint64_t{1} << (sorted[at] % 64);
            count += (word & bit) == 0;
            word |= bit;
        }
        for (auto at = ends[group]; at < ends[group + 1]; ++at) marks[sorted[at] / 64] = 0;
        counts[group] = count;
    }
    return counts;
}

void Accumulator::reach(std::size_t groups) {
    if (fold_ == Fold::distinct && last_.size() < groups) last_.resize(groups);
    if (fold_ == Fold::sum && is_real_) {
        if (millionths_.size() < groups) millionths_.resize(groups);
    } else if (integers_.size() < groups) {
        const bool is_bound = fold_ == Fold::least || fold_ == Fold::greatest;
        integers_.resize(groups, is_bound ? kAbsent : 0);
    }
}

void Accumulator::count(const Items& items) {
    reach(groups_of(items));
    for (std::size_t i = 0; i < items.count; ++i) integers_[items.groups[i]] += items.folded[i];
}

void Accumulator::numbers(const Items& items, const std::int64_t* values) {
    reach(groups_of(items));
    for (std::size_t i = 0; i < items.count; ++i) {
        if (!items.folded[i] || values[i] == kAbsent) continue;
        const auto group = items.groups[i];
        switch (fold_) {
            case Fold::sum:
                if (is_real_) {
                    millionths_[group] += millionths_of(std::bit_cast<double>(values[i]));
                } else {
                    integers_[group] += values[i];
                }
                break;
            case Fold::present: ++integers_[group]; break;
            case Fold::least:
            case Fold::greatest: {
                auto& bound = integers_[group];
                const bool better = fold_ == Fold::least ? less(values[i], bound, is_real_) : less(bound, values[i], is_real_);
                if (bound == kAbsent || better) bound = values[i];
                break;
            }
            case Fold::quantile:
                samples_.push_back({group, is_real_ ? std::bit_cast<double>(values[i]) : static_cast<double>(values[i])});
                break;
            case Fold::count:
            case Fold::distinct: break;
        }
    }
}

void Accumulator::distinct(const Items& items, const std::uint32_t* ids) {
    reach(groups_of(items));
    for (std::size_t i = 0; i < items.count; ++i) {
        if (!items.folded[i] || ids[i] == 0) continue;
        auto& last = last_[items.groups[i]];
        if (last == ids[i]) continue;  // most often the same visitor goes on
        last = ids[i];
        pairs_.push_back(static_cast<std::uint64_t>(items.groups[i]) << 32 | ids[i]);
    }
}

void Accumulator::distinct_runs(const Items& items, const std::uint32_t* ids) {
    reach(groups_of(items));
    for (std::size_t i = 0; i < items.count; ++i) {
        if (!items.folded[i]) continue;
        auto& last = last_[items.groups[i]];
        integers_[items.groups[i]] += last != ids[i];
        last = ids[i];
    }
}

void Accumulator::merge(Accumulator&& other, const std::vector<std::uint32_t>& group_of) {
    std::size_t groups = 0;
    for (const auto group : group_of) groups = std::max<std::size_t>(groups, group + std::size_t{1});
    reach(groups);
    const auto theirs_of = [&](const auto& values) { return std::min(values.size(), group_of.size()); };
    for (std::size_t i = 0; i < theirs_of(other.millionths_); ++i) millionths_[group_of[i]] += other.millionths_[i];
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
    for (const auto pair : other.pairs_) {
        pairs_.push_back(static_cast<std::uint64_t>(group_of[pair >> 32]) << 32 | (pair & 0xffffffff));
    }
    for (const auto& sample : other.samples_) samples_.push_back({group_of[sample.group], sample.value});
    other = Accumulator(fold_, q_, is_real_);
}

std::vector<Value> Accumulator::finish(std::size_t groups, std::size_t ids) {
    reach(groups);
    if (fold_ == Fold::quantile) return quantiles(groups);
    std::vector<Value> values(groups);
    if (fold_ == Fold::distinct && !pairs_.empty()) integers_ = count_distinct(std::move(pairs_), groups, ids + 1);
    for (std::size_t group = 0; group < groups; ++group) {
        if (fold_ == Fold::sum && is_real_) {
            values[group] = real_of(millionths_[group]);
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
    std::sort(samples_.begin(), samples_.end(), [](const Sample& a, const Sample& b) {
        return a.group != b.group ? a.group < b.group : a.value < b.value;
    });
    for (std::size_t begin = 0; begin < samples_.size();) {
        std::size_t end = begin;
        while (end < samples_.size() && samples_[end].group == samples_[begin].group) ++end;
        const double position = static_cast<double>(end - begin - 1) * q_;
        const auto rank = static_cast<std::size_t>(position);
        const double low = samples_[begin + rank].value;
        const double high = samples_[std::min(begin + rank + 1, end - 1)].value;
        values[samples_[begin].group] = low + (high - low) * (position - static_cast<double>(rank));
        begin = end;
    }
    return values;
}

}  // namespace collector::store::local
