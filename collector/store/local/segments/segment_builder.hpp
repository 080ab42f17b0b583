// Makes a segment of rows that come one by one, and of sessions of other segments.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/segments/numbering.hpp"
#include "store/local/segments/segment.hpp"

namespace collector::store::local {

/// Whether the first of two rows of one project and time comes before the second: the order of their event ids.
using Precedes = std::function<pulsekit::Result<bool>(std::int64_t row, std::int64_t other_row)>;

/// One thread at a time. What is added is noted; finish() makes the columns, one after the other, each from all of it:
/// most rows are moved many at once.
class SegmentBuilder {
public:
    explicit SegmentBuilder(std::int64_t project, std::int64_t day = kManyDays) : project_(project), day_(day) {}

    /// Begins a row; what its columns hold follows, and what does not is null.
    void add_row(std::int64_t row, std::int64_t session, std::int64_t time_ms);
    void integer(SegmentColumn column, std::int64_t value) { put(column, column_of(column).numbering.number(value)); }
    void real(SegmentColumn column, double value);
    void text(SegmentColumn column, std::string_view value) { put(column, column_of(column).number(value)); }

    /// Adds a session as it is. The segment must have been checked; it is looked at until finish().
    void add_session(const std::shared_ptr<const Segment>& segment, std::uint32_t session);
    /// Likewise, without the rows that `keep` refuses.
    void add_session(const std::shared_ptr<const Segment>& segment, std::uint32_t session,
                     const std::function<bool(std::uint32_t)>& keep);

    std::size_t rows() const { return rows_; }

    /// Errors: those of `precedes`. Once.
    pulsekit::Result<std::shared_ptr<const Segment>> finish(const Precedes& precedes);

private:
    struct Column {
        std::vector<std::uint32_t> codes;  // of the own rows; shorter than these where the rest is null
        Numbering numbering;
        std::vector<std::string> texts;
        std::unordered_map<std::string, std::uint32_t> numbers;  // of the texts

        std::uint32_t number(std::string_view text);
        std::size_t entries() const { return texts.size() + numbering.keys().size(); }
    };
    /// Rows of one session and source that follow each other, in order.
    struct Run {
        std::int64_t session;
        std::uint32_t source;
        std::uint32_t begin, end;
        std::int64_t first_ms, last_ms;
    };
    /// Rows of a source that follow each other here, too.
    struct Piece {
        std::uint32_t begin, end;
        std::uint32_t at;  // the place of the first of them
    };
    /// A segment that rows come from; the first one, that has none, stands for the rows that came one by one.
    struct Source {
        std::shared_ptr<const Segment> segment;
        std::vector<Piece> pieces;
    };

    Column& column_of(SegmentColumn column) { return columns_[static_cast<std::size_t>(column)]; }
    void put(SegmentColumn column, std::uint32_t number);
    std::uint32_t source_of(const std::shared_ptr<const Segment>& segment);
    void add_run(std::uint32_t source, std::int64_t session, std::uint32_t begin, std::uint32_t end);
    std::int64_t time_of(std::uint32_t source, std::uint32_t row) const;
    std::int64_t id_of(std::uint32_t source, std::uint32_t row) const;

    static bool is_ordered(const Run& run, const Run& next);
    /// Where each row goes; fills sessions_ and begins_.
    pulsekit::Result<void> order(const Precedes& precedes);
    pulsekit::Result<void> interleave(const Run* begin, const Run* end, const Precedes& precedes);
    void place(std::uint32_t source, std::uint32_t begin, std::uint32_t end);

    template <typename ValueOf>
    std::vector<std::int64_t> gather(const ValueOf& value_of) const;
    std::vector<std::uint32_t> codes_of(SegmentColumn column);
    void take_codes(SegmentColumn column, const Source& source, std::vector<std::uint32_t>& codes);
    std::vector<std::uint32_t> session_visitors(const std::vector<std::uint32_t>& visitors) const;
    std::vector<std::uint8_t> class_counts(const std::vector<std::uint32_t>& classes) const;

    const std::int64_t project_;
    const std::int64_t day_;
    std::size_t rows_ = 0;
    std::vector<std::int64_t> times_;  // of the own rows, like the next
    std::vector<std::int64_t> ids_;
    std::vector<Run> runs_;
    std::vector<Source> sources_ = std::vector<Source>(1);
    std::array<Column, kSegmentColumns> columns_;
    std::vector<std::int64_t> sessions_;
    std::vector<std::uint32_t> begins_;
    std::uint32_t placed_ = 0;
};

}  // namespace collector::store::local
