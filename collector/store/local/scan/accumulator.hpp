// One measure of every group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "model/measure.hpp"

namespace collector::store::local {

__extension__ typedef __int128 Int128;  // NOLINT(modernize-use-using)

/// In place of a value that is absent.
inline constexpr std::int64_t kAbsent = std::numeric_limits<std::int64_t>::min();

/// The fold of a block: which group each item is in, and whether it is folded.
struct Items {
    std::size_t count = 0;
    const std::uint32_t* groups = nullptr;
    const std::uint8_t* folded = nullptr;
};

/// One thread; several are merged.
class Accumulator {
public:
    Accumulator(model::Measure::Fold fold, double q, bool is_real) : fold_(fold), q_(q), is_real_(is_real) {}

    void count(const Items& items);
    /// For sum, present, least, greatest and quantile. Reals come bit by bit.
    void numbers(const Items& items, const std::int64_t* values);
    /// For distinct: `ids` from 1, 0 is absent.
    void distinct(const Items& items, const std::uint32_t* ids);
    /// For distinct, of ids that lie together and come once: no other thread and no later block has them.
    void distinct_runs(const Items& items, const std::uint32_t* ids);
    /// Such ids begin anew.
    void end_runs() { last_.assign(last_.size(), 0); }

    /// `group_of` says which group each of the other's is here.
    void merge(Accumulator&& other, const std::vector<std::uint32_t>& group_of);

    /// All is folded: what each of so many groups has. Once.
    std::vector<model::Value> finish(std::size_t groups, std::size_t ids);

private:
    void reach(std::size_t groups);
    std::vector<model::Value> quantiles(std::size_t groups);

    struct Sample {
        std::uint32_t group;
        double value;
    };

    model::Measure::Fold fold_;
    double q_;
    bool is_real_;
    std::vector<std::int64_t> integers_;     // counts, sums, bounds
    std::vector<Int128> millionths_;       // sums of reals: exact, in whatever order they are added
    std::vector<std::uint32_t> last_;        // the id that was last seen in each group
    std::vector<std::uint64_t> pairs_;       // group and id
    std::vector<Sample> samples_;
};

/// How many different ids each group has. The pairs, a group in the upper half and an id in the lower, may repeat.
std::vector<std::int64_t> count_distinct(std::vector<std::uint64_t> pairs, std::size_t groups, std::size_t ids);

}  // namespace collector::store::local
