// The platform's own Transport. Exactly one file of this folder is compiled.
#pragma once

#include <memory>

#include <pulsekit/environment.hpp>

namespace pulsekit {

/// Null where the build has none: then Options::transport is required.
std::unique_ptr<Transport> make_default_transport();

}  // namespace pulsekit
