// GET /metrics: the collector's own numbers, in Prometheus' text format.
#pragma once

#include <string>
#include <vector>

#include "http/server_counters.hpp"
#include "ingest/counters.hpp"
#include "outbound/forwarder.hpp"
#include "outbound/outbox.hpp"
#include "store/writer.hpp"

namespace collector::app {

/// Whose numbers they are.
struct Measured {
    const ingest::Counters& ingest;
    const store::Writer& writer;
    store::Writer::Limits limits;  ///< the writer's
    const outbound::Outbox& outbox;
    std::string data_directory;
    const http::ServerCounters* server = nullptr;  ///< null until it serves
    std::vector<outbound::ForwardingState> forwarding = {};
};

/// The exposition text, version 0.0.4.
std::string metrics_text(const Measured& measured);

}  // namespace collector::app
