// The platform's own Transport. Exactly one file of this folder is compiled.
#pragma once

#include <memory>

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>

namespace pulsekit {

/// Null where the build has none: then Options::transport is required. `network` has been validated; its headers come
/// with each request.
std::unique_ptr<Transport> make_default_transport(const NetworkOptions& network);

}  // namespace pulsekit
