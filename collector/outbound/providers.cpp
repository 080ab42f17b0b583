// The list of services.
#include "outbound/providers.hpp"

namespace collector::outbound {

std::span<const Provider* const> providers() {
    static const Provider* const kAll[] = {&kAmplitude, &kMixpanel};
    return kAll;
}

}  // namespace collector::outbound
