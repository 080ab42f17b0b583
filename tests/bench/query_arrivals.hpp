// Events that arrive while the query benchmark asks.
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/query_collector.hpp"
#include "tests/support/process.hpp"

namespace bench {

/// What became of a load.
struct Arrived {
    double per_second = 0;  ///< events that were stored
    double p50_ms = 0;      ///< of requests, from when they fell due
    double p99_ms = 0;
    std::uint64_t failed = 0;  ///< requests
};

/// From construction on: a load on a collector, by a process of its own. Throws what goes wrong.
class Arrivals {
public:
    Arrivals(const Collector& collector, std::uint64_t events_per_second);

    /// What had arrived until now. Nothing arrives any more.
    Arrived stop();

private:
    pulsekit::test::Process process_;
};

}  // namespace bench
