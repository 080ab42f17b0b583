// Which variant of an experiment a visitor sees.
#pragma once

#include "http/route.hpp"
#include "ingest/pipeline.hpp"
#include "meta/access.hpp"
#include "meta/experiments.hpp"

namespace collector::ingest {

/// What it needs outlives the route.
http::Route assign_route(meta::Access& access, meta::Experiments& experiments, const Pipeline& pipeline);

}  // namespace collector::ingest
