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

/// One thread at a time.
class SegmentBuilder {
public:
    explicit SegmentBuilder(std::int64_t project, std::int64_t day = kManyDays) : project_(project), day_(day) {}

    /// Begins a row; what its columns hold follows, and what does not is null.
    void add_row(std::int64_t row, std::int64_t session, std::int64_t time_ms);
    void integer(SegmentColumn column, std::int64_t value) { put(column, column_of(column).numbering.number(value)); }
    void real(SegmentColumn column, double value);
    void text(SegmentColumn column, std::string_view value) { put(column, column_of(column).number(value)); }

    /// Adds a session as it is.
    void add_session(const Segment& segment, std::uint32_t session);
    /// Likewise, without the rows that `keep` refuses.
    void add_session(const Segment& segment, std::uint32_t session, const std::function<bool(std::uint32_t)>& keep);

    std::size_t rows() const { return times_.size(); }

    /// Errors: those of `precedes`. The builder is empty afterwards.
    pulsekit::Result<std::shared_ptr<const Segment>> finish(const Precedes& precedes);

private:
    struct Column {
        std::vector<std::uint32_t> codes;  // shorter than the rows where the rest is null
        Numbering numbering;
        std::vector<std::string> texts;
        std::unordered_map<std::string, std::uint32_t> numbers;  // of the texts

        std::uint32_t number(std::string_view text);
        std::size_t entries() const { return texts.size() + numbering.keys().size(); }
    };
    /// Rows that came one after the other, of one session, in order.
    struct Run {
        std::int64_t session;
        std::uint32_t begin, end;
    };
    /// The codes of the segment that is being added from, as codes of this one.
    struct Source {
        const Segment* segment = nullptr;
        std::array<std::vector<std::uint32_t>, kSegmentColumns> codes;
    };

    Column& column_of(SegmentColumn column) { return columns_[static_cast<std::size_t>(column)]; }
    void put(SegmentColumn column, std::uint32_t number);
    void add_rows(const Segment& segment, std::int64_t session, std::uint32_t from, std::uint32_t to, bool follows);
    void add_codes(const Segment& segment, SegmentColumn column, std::uint32_t from, std::uint32_t to);
    /// `follows`: the rows are known to come after those of the run before.
    void begin_run(std::int64_t session, std::int64_t first_ms, std::uint32_t rows, bool follows);
    pulsekit::Result<std::vector<std::uint32_t>> order(const Precedes& precedes);
    pulsekit::Result<void> order_session(std::vector<std::uint32_t>& rows, const Precedes& precedes) const;

    std::vector<std::uint32_t> session_visitors(const std::vector<std::uint32_t>& ordered,
                                                const std::vector<std::uint32_t>& begins);

    const std::int64_t project_;
    const std::int64_t day_;
    std::vector<std::int64_t> times_;
    std::vector<std::int64_t> ids_;
    std::vector<Run> runs_;
    std::array<Column, kSegmentColumns> columns_;
    Source source_;
    std::vector<std::uint32_t> scratch_;
};

}  // namespace collector::store::local
