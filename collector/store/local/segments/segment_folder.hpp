// The segments on the disk: which files there are, and how far they go.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/segment.hpp"

namespace collector::store::local {

/// What a folder of segments says of itself. It is written after the files that it names, and before those go that it
/// names no more; files that it does not name are what is left of a process that died.
struct SegmentManifest {
    std::int64_t covered = 0;            ///< the last row that is in a segment
    std::uint32_t row_check = 0;         ///< of the last row up to it: whether it is still the same database
    std::int64_t erasure = 0;            ///< the last one whose rows are in no segment; 0: there was none
    std::vector<std::uint32_t> serials;  ///< of the segments, oldest first
};

/// Nothing here keeps what it is asked twice; one thread at a time.
class SegmentFolder {
public:
    /// Made when absent.
    static pulsekit::Result<SegmentFolder> open(const std::string& data_directory);

    /// Errors: `not_found` when there is none; `corrupt`.
    pulsekit::Result<SegmentManifest> manifest() const;
    pulsekit::Result<void> write(const SegmentManifest& manifest) const;

    /// Writes the segment and maps the file in its place.
    pulsekit::Result<std::shared_ptr<const Segment>> write(std::uint32_t serial, const Segment& segment) const;
    pulsekit::Result<std::shared_ptr<const Segment>> open(std::uint32_t serial) const;

    /// Removes the files of all other segments.
    void keep(const std::vector<std::uint32_t>& serials) const;

    const std::string& path() const { return path_; }

private:
    explicit SegmentFolder(std::string path) : path_(std::move(path)) {}
    std::string path_of(std::uint32_t serial) const;

    std::string path_;
};

/// Whether the files of a data directory's segments are whole, a sentence each that is not; none: all is well.
std::vector<std::string> check_segments(const std::string& data_directory);

}  // namespace collector::store::local
