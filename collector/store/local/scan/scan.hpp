// What everything that answers one question looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "model/measure.hpp"
#include "store/local/dictionary.hpp"
#include "store/local/scan/texts.hpp"
#include "store/local/segments/context_table.hpp"
#include "store/local/segments/snapshot.hpp"
#include "store/store.hpp"

namespace collector::store::local {

/// Shared by the threads that answer the question.
struct Scan {
    const Snapshot& snapshot;
    const ContextTable& contexts;
    const Dictionary& dictionary;
    Texts& texts;
    std::int64_t project;  ///< its number
    const model::Selection& of;
    const Patience& patience;
    std::size_t max_bytes;  ///< of memory for what is folded
};

}  // namespace collector::store::local
