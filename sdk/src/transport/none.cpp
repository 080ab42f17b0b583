#include "src/transport/transport.hpp"

namespace pulsekit {

std::unique_ptr<Transport> make_default_transport() { return nullptr; }

}  // namespace pulsekit
