// Which reports the query benchmark asks for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/query_collector.hpp"

namespace bench {

constexpr std::int64_t kDayMs = 86'400'000;

/// A report, and the closed range that it is of.
struct Asked {
    std::string name;
    std::string path;
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};

/// The reports of a project whose last event is just before an instant.
class Questions {
public:
    /// Switches on what they need in the collector.
    Questions(Collector& collector, std::int64_t end_ms);

    /// Each of its own range: thirty days, sixty days, or the last minutes.
    std::vector<Asked> of_whole_range() const;
    /// All of them again, but of one day in the middle.
    std::vector<Asked> of_one_day() const;

    /// `stats` of thirty days.
    static Asked first(std::int64_t end_ms);

private:
    std::int64_t end_ms_;
    std::string funnel_;
};

}  // namespace bench
