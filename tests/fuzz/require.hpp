// What a fuzzer says before it ends itself.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace pulsekit::fuzz {

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

}  // namespace pulsekit::fuzz
