// How reports are asked on the clock.
#pragma once

#include <cstdint>
#include <stop_token>

#include <pulsekit/environment.hpp>

#include "meta/catalog.hpp"
#include "meta/definitions.hpp"
#include "meta/experiments.hpp"
#include "meta/surveys.hpp"
#include "query/module.hpp"
#include "store/store.hpp"

namespace collector::watch {

/// What they are asked of, which outlives this.
struct Reports {
    store::EventStore& store;
    const meta::Definitions& definitions;
    const meta::Experiments& experiments;
    const meta::Surveys& surveys;
    pulsekit::Clock& clock;
    std::stop_token stop;  ///< ends an answer that is under way

    /// For questions that begin now; together they are given up after 10 seconds. The project outlives it.
    query::Context context(const meta::Project& project, std::int64_t now_ms) const;
};

}  // namespace collector::watch
