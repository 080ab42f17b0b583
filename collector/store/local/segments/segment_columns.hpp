// What a segment keeps of each row, as a code into a dictionary of the segment's own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace collector::store::local {

/// The numbers are stored: append, never renumber.
enum class SegmentColumn : std::uint8_t {
    row_class = 0,  ///< kind and interaction (row_class.hpp)
    name,
    path,
    visitor,
    context,
    user,
    source,
    revenue,
    error_message,
    click_x,
    click_y,
    selector,
    viewport_width,
    depth,
    query,
    results_count,
    link,
    lcp,
    fcp,
    inp,
    ttfb,
    cls,
    traits,  ///< an identify row's properties, as JSON
};
inline constexpr std::size_t kSegmentColumns = 23;

/// What the entries of a dictionary are.
enum class Entries : std::uint8_t {
    integers,
    reals,     ///< doubles, bit by bit
    numbers,   ///< of texts: event_texts.id
    contexts,  ///< event_contexts.id
    texts,     ///< which have no number
};

inline constexpr std::array<Entries, kSegmentColumns> kEntries = {
    Entries::integers,  // row_class
    Entries::numbers,   // name
    Entries::numbers,   // path
    Entries::numbers,   // visitor
    Entries::contexts,  // context
    Entries::numbers,   // user
    Entries::texts,     // source
    Entries::reals,     // revenue
    Entries::texts,     // error_message
    Entries::reals,     // click_x
    Entries::reals,     // click_y
    Entries::numbers,   // selector
    Entries::integers,  // viewport_width
    Entries::reals,     // depth
    Entries::texts,     // query
    Entries::integers,  // results_count
    Entries::texts,     // link
    Entries::reals,     // lcp
    Entries::reals,     // fcp
    Entries::reals,     // inp
    Entries::reals,     // ttfb
    Entries::reals,     // cls
    Entries::texts,     // traits
};

constexpr Entries entries_of(SegmentColumn column) { return kEntries[static_cast<std::size_t>(column)]; }

}  // namespace collector::store::local
