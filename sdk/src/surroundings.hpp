// What the client finds out by itself about the machine it runs on. One file a platform.
#pragma once

#include <pulsekit/options.hpp>

namespace pulsekit {

/// Fills the empty members that this platform can tell. Nothing that identifies a person or a machine.
void find_surroundings(Environment& environment);

}  // namespace pulsekit
