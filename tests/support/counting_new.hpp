// Counts what a thread allocates. Linking counting_new.cpp replaces the program's operator new.
#pragma once

#include <cstddef>

namespace pulsekit::test {

/// Calls of operator new by this thread so far.
std::size_t allocations_of_this_thread();

}  // namespace pulsekit::test
