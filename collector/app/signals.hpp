// Waiting for the operator to say stop.
#pragma once

namespace collector::app {

/// From here on SIGTERM and SIGINT are held back for wait_for_stop(), in this thread and those it starts. SIGPIPE is
/// ignored: a client that hangs up is no reason to die.
void hold_signals();

/// Returns when one of them arrives.
void wait_for_stop();

}  // namespace collector::app
