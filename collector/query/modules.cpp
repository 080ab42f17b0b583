#include "query/module.hpp"

namespace collector::query {

// Each is defined in modules/<family>.cpp.
extern const Module kStats;
extern const Module kTimeseries;
extern const Module kPages;
extern const Module kEvents;
extern const Module kRealtime;

std::span<const Module* const> modules() {
    static constexpr const Module* kModules[] = {
        &kStats, &kTimeseries, &kPages, &kEvents, &kRealtime,
    };
    return kModules;
}

}  // namespace collector::query
