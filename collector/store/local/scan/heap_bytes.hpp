// What is held in memory.
#pragma once

#include <cstddef>
#include <vector>

namespace collector::store::local {

/// What vectors take from the heap, but for what their elements do.
template <typename... T>
std::size_t heap_bytes(const std::vector<T>&... vectors) {
    return ((vectors.capacity() * sizeof(T)) + ... + 0);
}

}  // namespace collector::store::local
