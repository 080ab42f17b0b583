// GET /metrics: the collector's own numbers, in Prometheus' text format.
#pragma once

#include <string>

#include "ingest/counters.hpp"
#include "store/writer.hpp"

namespace collector::app {

/// The exposition text, version 0.0.4.
std::string metrics_text(const ingest::Counters& counters, const store::Writer& writer);

}  // namespace collector::app
