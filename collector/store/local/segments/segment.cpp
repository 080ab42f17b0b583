#include "store/local/segments/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "support/checksum.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

template <typename T>
void widen(const void* from, std::size_t begin, std::size_t end, std::uint32_t* out) {
    const T* items = static_cast<const T*>(from);
    for (std::size_t i = begin; i < end; ++i) *out++ = items[i];
}

std::uint32_t checksum_of(const SegmentHeader& header) {
    SegmentHeader bare = header;
    bare.checksum = 0;
    return pulsekit::checksum(&bare, sizeof bare);
}

/// Whether every section lies within the file.
bool is_sound(const SegmentHeader& header, std::size_t size) {
    if (std::memcmp(header.magic, SegmentHeader().magic, sizeof header.magic) != 0) return false;
    if (header.size != size || header.checksum != checksum_of(header)) return false;
    return std::all_of(std::begin(header.sections), std::end(header.sections), [&](const Section& section) {
        return section.offset % 8 == 0 && section.offset <= size && section.bytes <= size - section.offset &&
               size % 8 == 0;
    });
}

}  // namespace

std::uint32_t Codes::stored(std::size_t index) const {
    switch (width_) {
        case 1: return static_cast<const std::uint8_t*>(codes_)[index];
        case 2: return static_cast<const std::uint16_t*>(codes_)[index];
        case 4: return static_cast<const std::uint32_t*>(codes_)[index];
        default: return 0;
    }
}

std::uint32_t Codes::at(std::uint32_t row) const {
    if (!sparse_) return stored(row);
    const auto found = std::lower_bound(rows_.begin(), rows_.end(), row);
    if (found == rows_.end() || *found != row) return 0;
    return stored(static_cast<std::size_t>(found - rows_.begin()));
}

void Codes::read(std::uint32_t from, std::uint32_t to, std::uint32_t* out) const {
    if (width_ == 0 || sparse_) std::fill_n(out, to - from, 0);
    if (width_ == 0) return;
    if (sparse_) {
        auto at = std::lower_bound(rows_.begin(), rows_.end(), from);
        for (; at != rows_.end() && *at < to; ++at)
            out[*at - from] = stored(static_cast<std::size_t>(at - rows_.begin()));
        return;
    }
    switch (width_) {
        case 1: return widen<std::uint8_t>(codes_, from, to, out);
        case 2: return widen<std::uint16_t>(codes_, from, to, out);
        default: return widen<std::uint32_t>(codes_, from, to, out);
    }
}

Segment::Segment(std::vector<std::uint64_t> words)
    : words_(std::move(words)),
      header_(reinterpret_cast<const SegmentHeader*>(words_.data())),
      size_(words_.size() * sizeof words_[0]) {
    for (auto& checked : checked_) checked = true;
}

Segment::Segment(const void* mapped, std::size_t size)
    : header_(static_cast<const SegmentHeader*>(mapped)), size_(size) {}

Segment::~Segment() {
    if (is_mapped()) ::munmap(const_cast<SegmentHeader*>(header_), size_);
}

Result<std::shared_ptr<const Segment>> Segment::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Error{ErrorCode::unavailable, path + ": " + std::strerror(errno)};
    struct stat status {};
    const bool known = ::fstat(fd, &status) == 0;
    const auto size = known ? static_cast<std::size_t>(status.st_size) : 0;
    void* mapped = size >= sizeof(SegmentHeader) ? ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    const int why = errno;
    ::close(fd);
    if (known && size < sizeof(SegmentHeader)) return Error{ErrorCode::corrupt, path + " is cut off"};
    if (mapped == MAP_FAILED) return Error{ErrorCode::unavailable, path + ": " + std::strerror(why)};
    std::shared_ptr<Segment> segment(new Segment(mapped, size));
    segment->path_ = path;
    if (!is_sound(segment->header(), size)) return Error{ErrorCode::corrupt, path + " is damaged"};
    return std::shared_ptr<const Segment>(std::move(segment));
}

Result<void> Segment::check_section(std::size_t section) const {
    if (checked_[section].load(std::memory_order_relaxed)) return {};
    const auto& part = header_->sections[section];
    if (pulsekit::checksum(base() + part.offset, (part.bytes + 7) / 8 * 8) != part.checksum) {
        return Error{ErrorCode::corrupt, path_ + " is damaged"};
    }
    checked_[section].store(true, std::memory_order_relaxed);
    return {};
}

Result<void> Segment::check() const {
    for (std::size_t section = 0; section < section_of(SegmentPart::columns); ++section) {
        if (auto sound = check_section(section); !sound) return sound;
    }
    return {};
}

Result<void> Segment::check(SegmentColumn column) const {
    for (std::size_t part = 0; part < static_cast<std::size_t>(ColumnPart::count); ++part) {
        if (auto sound = check_section(section_of(column, static_cast<ColumnPart>(part))); !sound) return sound;
    }
    return {};
}

Result<void> Segment::check_all() const {
    for (std::size_t section = 0; section < kSections; ++section) {
        if (auto sound = check_section(section); !sound) return sound;
    }
    return {};
}

std::uint32_t Segment::find_session(std::int64_t number) const {
    const auto numbers = session_numbers();
    const auto found = std::lower_bound(numbers.begin(), numbers.end(), number);
    if (found == numbers.end() || *found != number) return sessions();
    return static_cast<std::uint32_t>(found - numbers.begin());
}

void Segment::times(std::uint32_t from, std::uint32_t to, std::int64_t* out) const {
    stored_times([&](const auto* items) {
        for (std::uint32_t row = from; row < to; ++row) *out++ = items[row] + header_->time_base;
    });
}

Codes Segment::codes(SegmentColumn column) const {
    const auto& part = header_->sections[section_of(column, ColumnPart::codes)];
    if (part.width == 0) return {};
    const auto rows = array<std::uint32_t>(section_of(column, ColumnPart::sparse_rows));
    return {base() + part.offset, part.width, rows, !rows.empty()};
}

EntryView Segment::entries(SegmentColumn column) const {
    const auto entries = section_of(column, ColumnPart::entries);
    EntryView found{.are = entries_of(column)};
    if (found.are == Entries::texts) {
        found.ends = array<std::uint32_t>(entries);
        found.bytes = base() + header_->sections[section_of(column, ColumnPart::texts)].offset;
    } else {
        found.values = array<std::int64_t>(entries);
    }
    return found;
}

}  // namespace collector::store::local
