// A segment: some whole sessions of one project, their rows as columns of codes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/segment_columns.hpp"

namespace collector::store::local {

/// The codes of a column: 0 is null, n the dictionary's entry n - 1. Borrowed from its segment.
class Codes {
public:
    Codes() = default;  ///< of a column that is null in every row
    Codes(const void* codes, std::uint32_t width, std::span<const std::uint32_t> rows, bool sparse)
        : codes_(codes), width_(width), rows_(rows), sparse_(sparse) {}

    /// Of the rows from `from` up to `to`.
    void read(std::uint32_t from, std::uint32_t to, std::uint32_t* out) const;
    std::uint32_t at(std::uint32_t row) const;
    bool all_null() const { return width_ == 0; }
    bool is_sparse() const { return sparse_; }
    /// Of a dense column: calls `use` with its codes, as many as the segment has rows, in the width that they have.
    template <typename Use>
    void as_stored(Use&& use) const {
        switch (width_) {
            case 1: return use(static_cast<const std::uint8_t*>(codes_));
            case 2: return use(static_cast<const std::uint16_t*>(codes_));
            default: return use(static_cast<const std::uint32_t*>(codes_));
        }
    }
    /// Of a sparse column: calls `use(row, code)` for those of the rows from `from` up to `to` that have one.
    template <typename Use>
    void each_present(std::uint32_t from, std::uint32_t to, Use&& use) const {
        each_present(from, to, 0, use);
    }
    /// Likewise, of rows that are not before those that were looked at up to `at`. Answers up to where it looked.
    template <typename Use>
    std::size_t each_present(std::uint32_t from, std::uint32_t to, std::size_t at, Use&& use) const {
        if (at < rows_.size() && rows_[at] < from) {
            const auto found = std::lower_bound(rows_.begin() + static_cast<std::ptrdiff_t>(at), rows_.end(), from);
            at = static_cast<std::size_t>(found - rows_.begin());
        }
        for (; at < rows_.size() && rows_[at] < to; ++at) use(rows_[at], stored(at));
        return at;
    }

private:
    std::uint32_t stored(std::size_t index) const;

    const void* codes_ = nullptr;
    std::uint32_t width_ = 0;
    std::span<const std::uint32_t> rows_;  // that have a code, when sparse
    bool sparse_ = false;
};

/// The entries of a column, by code - 1. Borrowed from its segment.
struct EntryView {
    Entries are = Entries::integers;
    std::span<const std::int64_t> values;  ///< but for texts
    std::span<const std::uint32_t> ends;   ///< of texts in `bytes`, each beginning where the one before ends
    const char* bytes = nullptr;

    std::size_t size() const { return are == Entries::texts ? ends.size() : values.size(); }
    std::string_view text(std::size_t index) const {
        const std::uint32_t begin = index == 0 ? 0 : ends[index - 1];
        return {bytes + begin, ends[index] - begin};
    }
};

/// In place of a count that has no room.
inline constexpr std::uint8_t kManyRows = 255;

inline constexpr std::int64_t kManyDays = std::numeric_limits<std::int64_t>::min();

inline constexpr std::int64_t kDayMs = 86'400'000;

/// Days since 1970, rounded down also before it.
constexpr std::int64_t day_of(std::int64_t ms) { return ms / kDayMs - (ms % kDayMs < 0 ? 1 : 0); }

/// A part of a segment's bytes.
struct Section {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t checksum = 0;
    std::uint32_t width = 0;  ///< of an item, in bytes
};

enum class SegmentPart : std::uint8_t { sessions, begins, session_visitors, class_counts, times, rows, columns };
enum class ColumnPart : std::uint8_t { codes, sparse_rows, entries, texts, count };
inline constexpr std::size_t kSections =
    static_cast<std::size_t>(SegmentPart::columns) + kSegmentColumns * static_cast<std::size_t>(ColumnPart::count);

constexpr std::size_t section_of(SegmentPart part) { return static_cast<std::size_t>(part); }
constexpr std::size_t section_of(SegmentColumn column, ColumnPart part) {
    return section_of(SegmentPart::columns) +
           static_cast<std::size_t>(column) * static_cast<std::size_t>(ColumnPart::count) +
           static_cast<std::size_t>(part);
}

/// At the beginning of a segment's bytes.
struct SegmentHeader {
    char magic[8] = {'P', 'K', 'S', 'E', 'G', '0', '0', '2'};
    std::uint64_t size = 0;      ///< of all bytes
    std::uint32_t checksum = 0;  ///< of the header, with this 0
    std::uint32_t rows = 0;
    std::uint32_t sessions = 0;
    std::uint32_t unused = 0;
    std::int64_t project = 0;  ///< event_texts.id
    std::int64_t day = 0;      ///< on which its sessions began, since 1970; kManyDays: on several
    std::int64_t first_ms = 0, last_ms = 0;
    std::int64_t time_base = 0;                   ///< added to each time
    std::int64_t row_base = 0;                    ///< added to each row's id
    std::uint32_t present[kSegmentColumns] = {};  ///< rows in which the column is not null
    Section sections[kSections];
};

/// Immutable, and so shared by whoever reads it. Sessions ascend by their number; a session's rows lie together and
/// ascend by (time, event_id). The bytes are in memory, or a file's that is mapped: a section is checked before it is
/// first read.
class Segment {
public:
    /// Of bytes in the form that SegmentBuilder gives.
    explicit Segment(std::vector<std::uint64_t> words);
    /// Maps the file. Errors: `unavailable`; `corrupt` when it is no whole segment.
    static pulsekit::Result<std::shared_ptr<const Segment>> open(const std::string& path);
    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    const SegmentHeader& header() const { return *header_; }
    std::uint32_t rows() const { return header_->rows; }
    std::uint32_t sessions() const { return header_->sessions; }
    std::size_t bytes() const { return header_->size; }
    bool is_mapped() const { return words_.empty(); }
    std::span<const std::uint64_t> words() const {
        return {reinterpret_cast<const std::uint64_t*>(header_), size_ / 8};
    }

    /// Whether the sessions, times and row ids are whole; to be asked before any of what follows.
    pulsekit::Result<void> check() const;
    /// Whether the column is whole; to be asked before codes() and entries().
    pulsekit::Result<void> check(SegmentColumn column) const;
    /// Reads all of it.
    pulsekit::Result<void> check_all() const;

    std::span<const std::int64_t> session_numbers() const {
        return array<std::int64_t>(section_of(SegmentPart::sessions));
    }
    /// Where each session's rows begin, and where the last one's end.
    std::span<const std::uint32_t> begins() const { return array<std::uint32_t>(section_of(SegmentPart::begins)); }
    /// The code of the visitor that all rows of each session have; 0 when they have several.
    std::span<const std::uint32_t> session_visitors() const {
        return array<std::uint32_t>(section_of(SegmentPart::session_visitors));
    }
    /// How many rows of a class, by its code, each session has: kManyRows for as many or more. Empty: nobody counted.
    std::span<const std::uint8_t> class_counts(std::uint32_t code) const {
        const auto counts = array<std::uint8_t>(section_of(SegmentPart::class_counts));
        return counts.empty() ? counts : counts.subspan(std::size_t{code - 1} * sessions(), sessions());
    }
    /// The place of the session with this number; sessions() when it is not here.
    std::uint32_t find_session(std::int64_t number) const;

    std::int64_t time(std::uint32_t row) const {
        return item(section_of(SegmentPart::times), row) + header_->time_base;
    }
    void times(std::uint32_t from, std::uint32_t to, std::int64_t* out) const;
    /// Calls `use` with all times, each less than it is by time_base, in the width that they have.
    template <typename Use>
    void stored_times(Use&& use) const {
        constexpr auto kTimes = section_of(SegmentPart::times);
        if (header_->sections[kTimes].width == 4) return use(array<std::uint32_t>(kTimes).data());
        use(array<std::int64_t>(kTimes).data());
    }
    std::int64_t row_id(std::uint32_t row) const {
        return item(section_of(SegmentPart::rows), row) + header_->row_base;
    }

    bool has_null(SegmentColumn column) const { return header_->present[static_cast<std::size_t>(column)] < rows(); }
    Codes codes(SegmentColumn column) const;
    EntryView entries(SegmentColumn column) const;

private:
    Segment(const void* mapped, std::size_t size);

    template <typename T>
    std::span<const T> array(std::size_t section) const {
        const auto& part = header_->sections[section];
        return {reinterpret_cast<const T*>(base() + part.offset), part.bytes / sizeof(T)};
    }
    const char* base() const { return reinterpret_cast<const char*>(header_); }
    std::int64_t item(std::size_t section, std::uint32_t index) const {
        return header_->sections[section].width == 4 ? array<std::uint32_t>(section)[index]
                                                     : array<std::int64_t>(section)[index];
    }
    pulsekit::Result<void> check_section(std::size_t section) const;

    std::vector<std::uint64_t> words_;  // empty: the bytes are mapped
    const SegmentHeader* header_;
    std::size_t size_;
    std::string path_;
    mutable std::atomic<bool> checked_[kSections] = {};
};

}  // namespace collector::store::local
