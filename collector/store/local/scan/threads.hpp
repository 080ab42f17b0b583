// How many threads answer a question.
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>
#include <vector>

namespace collector::store::local {

/// As many as are worth their while for so many rows, at least this one.
inline std::size_t threads_for(std::size_t rows) {
    constexpr std::size_t kRowsForAThread = 128 * 1024;  // below it a thread costs more than it saves
    constexpr std::size_t kMaxThreads = 4;
    const std::size_t processors = std::max(1u, std::thread::hardware_concurrency());
    return std::clamp<std::size_t>(rows / kRowsForAThread, 1, std::min(kMaxThreads, processors));
}

/// Calls `work(0)`, `work(1)` and so on, each from a thread of its own, the first from this one, and awaits them.
template <typename Work>
void on_threads(std::size_t threads, const Work& work) {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back([&work, i] { work(i); });
    work(0);
}

}  // namespace collector::store::local
