// How many threads answer a question.
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>

namespace collector::store::local {

/// As many as are worth their while for so many rows, at least this one.
inline std::size_t threads_for(std::size_t rows) {
    constexpr std::size_t kRowsForAThread = 128 * 1024;  // below it a thread costs more than it saves
    constexpr std::size_t kMaxThreads = 4;
    const std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
    return std::clamp<std::size_t>(rows / kRowsForAThread, 1, std::min(kMaxThreads, processors));
}

}  // namespace collector::store::local
