#include "watch/reports.hpp"

#include <chrono>

namespace collector::watch {

query::Context Reports::context(const meta::Project& project, std::int64_t now_ms) const {
    return {
        .store = store,
        .definitions = definitions,
        .experiments = experiments,
        .surveys = surveys,
        .project = project,
        .now_ms = now_ms,
        .patience = {.stop = stop, .gone = {}, .clock = &clock, .until = clock.monotonic() + std::chrono::seconds(10)},
        .id = {}};
}

}  // namespace collector::watch
