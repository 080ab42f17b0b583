#include "tests/bench/query_arrivals.hpp"

#include <signal.h>

#include <sstream>
#include <stdexcept>

namespace bench {

Arrivals::Arrivals(const Collector& collector, std::uint64_t events_per_second)
    : process_({PULSEKIT_ARRIVALS_BINARY, std::to_string(collector.port()), collector.value("PULSE_INGEST_KEY"),
                std::to_string(events_per_second)}) {
    if (process_.read_line() != "arriving") throw std::runtime_error("the load did not start");
}

Arrived Arrivals::stop() {
    process_.signal(SIGTERM);
    std::istringstream line(process_.read_line().value_or(""));
    Arrived arrived;
    if (!(line >> arrived.per_second >> arrived.p50_ms >> arrived.p99_ms >> arrived.failed)) {
        throw std::runtime_error("the load ended before it was told to");
    }
    process_.wait();
    return arrived;
}

}  // namespace bench
