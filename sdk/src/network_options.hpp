// What can be said of NetworkOptions before anything is sent.
#pragma once

#include <pulsekit/options.hpp>

namespace pulsekit {

/// ErrorCode::invalid names the member. Whether the CA file can be read is found out when it is used: it may come
/// later. `dialect` says which header has the key.
Result<void> validate(const NetworkOptions& network, Dialect dialect);

}  // namespace pulsekit
