// The supervisor's side channel: what systemd calls Type=notify.
#pragma once

#include <string_view>

namespace collector::app {

/// Sends `state`, such as `READY=1`, to the socket that $NOTIFY_SOCKET names (sd_notify(3)); without one, or when
/// nobody listens there, nothing happens.
void notify_supervisor(std::string_view state);

}  // namespace collector::app
