// The segments of one project at one instant.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "store/local/segments/segment.hpp"

namespace collector::store::local {

/// One flag a session.
using SessionFlags = std::vector<bool>;

/// A segment among those of its project. What it points to is immutable, and shared by the snapshots that have it.
struct LiveSegment {
    std::uint32_t serial = 0;  ///< no other segment of the store has it
    std::shared_ptr<const Segment> segment;
    /// Sessions whose rows, and more of them, are in another segment by now; null: none.
    std::shared_ptr<const SessionFlags> moved;
    /// By the visitor's code - 1: which of the project's visitors it is, from 0.
    std::shared_ptr<const std::vector<std::uint32_t>> visitors;

    bool has(std::uint32_t session) const { return !moved || !(*moved)[session]; }
};

/// From one erasure to the next. It ends when nobody looks at a snapshot of it any more.
struct SnapshotEra {
    ~SnapshotEra() { ended.set_value(); }
    std::promise<void> ended;
};

/// Every session of the project is in one of the segments, whole.
struct Snapshot {
    std::shared_ptr<const SnapshotEra> era;  ///< shared by all snapshots of it
    std::vector<LiveSegment> segments;
    std::uint32_t visitors = 0;  ///< how many the project has
};

}  // namespace collector::store::local
