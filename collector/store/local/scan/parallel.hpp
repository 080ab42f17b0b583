// The segments of a snapshot, shared out among threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/scan/heap_bytes.hpp"
#include "store/local/scan/scan.hpp"
#include "store/local/scan/segment_view.hpp"
#include "store/local/scan/threads.hpp"

namespace collector::store::local {

/// Of the rows that may be in range.
inline std::size_t threads_for(const Scan& scan, const model::TimeRange& range) {
    std::size_t rows = 0;
    for (const auto& live : scan.snapshot.segments) {
        const auto& header = live.segment->header();
        if (header.first_ms <= range.to_ms && header.last_ms >= range.from_ms) rows += header.rows;
    }
    return threads_for(rows);
}

/// In which order segments are looked at.
inline std::vector<std::uint32_t> segments_in_order(const Scan& scan, const PreparedSelection& selection) {
    const auto& segments = scan.snapshot.segments;
    std::vector<std::uint32_t> order(segments.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto last_ms = [&](std::uint32_t i) { return segments[i].segment->header().last_ms; };
    if (selection.newest_first) {
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return last_ms(a) > last_ms(b); });
    }
    return order;
}

/// Gives each segment's view to the part of one of the threads, and answers the parts. Part has: `part(view)`, called
/// for each segment with its blocks still to come; `part.bytes()`, what it takes from the heap. Errors: those of the
/// segments; `unavailable` when the patience ended; `limited` when the parts take more memory than they may.
template <typename Part, typename Make>
pulsekit::Result<std::vector<Part>> for_each_segment(const Scan& scan, const PreparedSelection& selection,
                                                     Make&& make) {
    const std::size_t threads = threads_for(scan, selection.range);
    std::vector<Part> parts;
    for (std::size_t i = 0; i < threads; ++i) parts.push_back(make());
    const auto order = segments_in_order(scan, selection);
    std::atomic<std::uint32_t> next = 0;
    std::atomic<std::size_t> bytes = 0;
    std::atomic<bool> too_large = false;
    const auto work = [&](Part& part) {
        std::size_t known = 0;
        const auto count = [&] {
            const auto now = part.bytes();
            if (bytes.fetch_add(now - known) + now - known > scan.max_bytes) too_large = true;
            known = now;
            return !too_large;
        };
        const auto segments = static_cast<std::uint32_t>(scan.snapshot.segments.size());
        for (auto i = next++; i < segments && count() && !scan.patience.ended(); i = next++) {
            SegmentView view(scan, selection, order[i]);
            part(view);
            if (view.error()) scan.texts.fail(*view.error());
        }
        count();
    };
    on_threads(threads, [&](std::size_t i) { work(parts[i]); });
    if (scan.patience.ended()) {
        return pulsekit::Error{pulsekit::ErrorCode::unavailable, "the question took too long"};
    }
    if (too_large) return pulsekit::Error{pulsekit::ErrorCode::limited, "the answer would take too much memory"};
    if (auto failed = scan.texts.result(); !failed) return std::move(failed).error();
    return parts;
}

}  // namespace collector::store::local
