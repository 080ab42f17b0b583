// The ledger as an event: what the collector is told about what it never saw.
#pragma once

#include <string>

#include "src/queue.hpp"
#include "support/ids.hpp"

namespace pulsekit {

/// Whether anything but the queue's length has changed since the collector was told last.
bool is_report_due(const QueueState& state);

/// The event `pulsekit.delivery`: what has changed since the last report, and how much is queued. Frames: `context`
/// (encoded), then the event.
std::string delivery_report(const QueueState& state, std::string_view context, const Uuid& id, std::int64_t now_ms);

}  // namespace pulsekit
