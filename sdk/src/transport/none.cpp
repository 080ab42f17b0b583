#include "src/transport/transport.hpp"

namespace pulsekit {

std::unique_ptr<Transport> make_default_transport(const NetworkOptions&) { return nullptr; }

}  // namespace pulsekit
