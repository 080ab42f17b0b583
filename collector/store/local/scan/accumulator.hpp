// One measure of every group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "model/measure.hpp"

namespace collector::store::local {

__extension__ typedef __int128 Int128;  // NOLINT(modernize-use-using)

/// In place of a value that is absent.
inline constexpr std::int64_t kAbsent = std::numeric_limits<std::int64_t>::min();

/// Some of what is folded, one after the other.
struct Items {
    std::size_t count = 0;
    const std::uint32_t* groups = nullptr;  ///< which group each is in; null: all in the first
    std::size_t group_count = 1;            ///< greater than any of them
    const std::uint8_t* folded = nullptr;   ///< 1 or 0 each; null: all are
};

/// One thread; several are merged.
class Accumulator {
public:
    /// `most_ids`: greater than any id, where that is known; else 0.
    Accumulator(model::Measure::Fold fold, double q, bool is_real, std::size_t most_ids)
        : fold_(fold), q_(q), is_real_(is_real), most_ids_(most_ids) {}

    void count(const Items& items);
    /// For sum, present, least, greatest and quantile. Reals come bit by bit.
    void numbers(const Items& items, const std::int64_t* values);
    /// For distinct: each item has the code of an id, or the id when `ids` is null. 0 is absent.
    void distinct(const Items& items, const std::uint32_t* codes, const std::uint32_t* ids);
    /// For distinct, of ids that lie together and come once: no other thread and no later block has them.
    void distinct_runs(const Items& items, const std::uint32_t* ids);
    /// For distinct: one id more of the group.
    void note(std::uint32_t group, std::uint32_t id) {
        auto& [bits, list] = ids_[group];
        if (id / 64 < bits.size()) {
            bits[id / 64] |= std::uint64_t{1} << (id % 64);
        } else if (bits.empty() && list.size() < list.capacity()) {
            list.push_back(id);
        } else {
            note_more(group, id);
        }
    }
    /// For distinct: the ids that codes stand for. False: nothing is noted, as a code is 0 or there is no room.
    bool note_all(std::uint32_t group, std::span<const std::uint32_t> codes, const std::uint32_t* ids);
    /// For count, and for distinct of ids of which this one comes once.
    void add(std::uint32_t group, std::int64_t count) { integers_[group] += count; }
    /// There is room for so many groups.
    void reach(std::size_t groups);
    /// What codes and such ids mean begins anew.
    void end_segment() { last_.assign(last_.size(), 0); }

    /// `group_of` says which group each of the other's is here.
    void merge(Accumulator&& other, const std::vector<std::uint32_t>& group_of);

    std::size_t bytes() const;

    /// All is folded: what each of so many groups has. Once.
    std::vector<model::Value> finish(std::size_t groups);

private:
    /// The ids of one group that came: a bit each, or in a row where they would be too many bits.
    struct Ids {
        std::vector<std::uint64_t> bits;
        std::vector<std::uint32_t> list;
    };

    void note_more(std::uint32_t group, std::uint32_t id);
    /// Adds to each group how many different ids it has.
    void count_ids();
    std::vector<model::Value> quantiles(std::size_t groups);

    model::Measure::Fold fold_;
    double q_;
    bool is_real_;
    std::size_t most_ids_;
    std::vector<std::int64_t> integers_;  // counts and bounds
    std::vector<Int128> sums_;            // of integers, or of millionths of reals: exact, in whatever order they come
    std::vector<std::uint32_t> last_;     // the code that was last seen in each group
    std::vector<Ids> ids_;                // by group
    std::vector<std::vector<double>> samples_;  // by group
};

}  // namespace collector::store::local
