// Ports of this machine's own, for servers that benchmarks start.
#pragma once

#include <cstdint>

namespace bench {

/// A port that nobody listens at now. Ends the program when there is none.
std::uint16_t free_port();

/// A connection to it, which the caller closes; -1 when nobody listens.
int connected(std::uint16_t port);

}  // namespace bench
