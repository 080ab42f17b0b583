#include "store/local/segments/segment_builder.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "support/checksum.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::Result;

constexpr std::uint32_t kUnknown = 0xffffffff;
// Below one row in eight it is less to tell which rows have a value.
constexpr std::size_t kSparse = 8;

std::uint32_t width_for(std::size_t largest) { return largest <= 0xff ? 1 : largest <= 0xffff ? 2 : 4; }

/// Bytes of a segment, section after section.
class Output {
public:
    Output() : words_(sizeof(SegmentHeader) / 8) {}

    template <typename T>
    void add(std::size_t section, const std::vector<T>& items, std::uint32_t width = sizeof(T)) {
        add(section, items.data(), items.size() * sizeof(T), width);
    }
    /// As items of `width` bytes.
    void add_narrow(std::size_t section, const std::vector<std::uint32_t>& items, std::uint32_t width) {
        if (width == 4) return add(section, items);
        if (width == 2) return add(section, std::vector<std::uint16_t>(items.begin(), items.end()));
        add(section, std::vector<std::uint8_t>(items.begin(), items.end()));
    }
    void add(std::size_t section, const void* bytes, std::size_t size, std::uint32_t width) {
        const std::size_t at = words_.size();
        words_.resize(at + (size + 7) / 8);
        if (size > 0) std::memcpy(&words_[at], bytes, size);
        header.sections[section] = {at * 8, size, pulsekit::checksum(words_.data() + at, words_.size() * 8 - at * 8),
                                    width};
    }
    std::vector<std::uint64_t> finish() {
        header.size = words_.size() * 8;
        header.checksum = pulsekit::checksum(&header, sizeof header);
        std::memcpy(words_.data(), &header, sizeof header);
        return std::move(words_);
    }

    SegmentHeader header;

private:
    std::vector<std::uint64_t> words_;
};
static_assert(sizeof(SegmentHeader) % 8 == 0);

/// What is to be added to offsets so that they give the values: 0 when the values lie too far apart for 32 bits.
struct Offsets {
    std::int64_t base = 0;
    bool narrow = true;
};
Offsets offsets_of(const std::vector<std::int64_t>& values) {
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    if (values.empty()) return {};
    std::int64_t spread = 0;
    if (__builtin_sub_overflow(*greatest, *least, &spread) || spread > std::numeric_limits<std::uint32_t>::max()) {
        return {.base = 0, .narrow = false};
    }
    return {.base = *least, .narrow = true};
}

void add_offsets(Output& output, std::size_t section, const std::vector<std::int64_t>& values, const Offsets& offsets) {
    if (!offsets.narrow) return output.add(section, values);
    std::vector<std::uint32_t> narrow;
    narrow.reserve(values.size());
    for (const auto value : values) narrow.push_back(static_cast<std::uint32_t>(value - offsets.base));
    output.add(section, narrow);
}

}  // namespace

std::uint32_t SegmentBuilder::Column::number(std::string_view text) {
    const auto [place, is_new] = numbers.try_emplace(std::string(text), static_cast<std::uint32_t>(texts.size()));
    if (is_new) texts.emplace_back(text);
    return place->second;
}

void SegmentBuilder::real(SegmentColumn column, double value) {
    integer(column, std::bit_cast<std::int64_t>(value == 0 ? 0.0 : value));  // -0 is 0
}

void SegmentBuilder::put(SegmentColumn column, std::uint32_t number) {
    auto& codes = column_of(column).codes;
    codes.resize(times_.size() - 1);
    codes.push_back(number + 1);
}

void SegmentBuilder::begin_run(std::int64_t session, std::int64_t first_ms, std::uint32_t rows, bool follows) {
    const auto begin = static_cast<std::uint32_t>(times_.size());
    const bool goes_on = !runs_.empty() && runs_.back().session == session && times_.back() < first_ms;
    if (follows || goes_on) {
        runs_.back().end += rows;
    } else {
        runs_.push_back({session, begin, begin + rows});
    }
}

void SegmentBuilder::add_row(std::int64_t row, std::int64_t session, std::int64_t time_ms) {
    begin_run(session, time_ms, 1, false);
    times_.push_back(time_ms);
    ids_.push_back(row);
}

void SegmentBuilder::add_session(const Segment& segment, std::uint32_t session) {
    const auto begins = segment.begins();
    add_rows(segment, segment.session_numbers()[session], begins[session], begins[session + 1], false);
}

void SegmentBuilder::add_session(const Segment& segment, std::uint32_t session,
                                 const std::function<bool(std::uint32_t)>& keep) {
    const auto begins = segment.begins();
    bool follows = false;
    for (std::uint32_t row = begins[session]; row < begins[session + 1]; ++row) {
        if (!keep(row)) continue;
        std::uint32_t end = row + 1;
        while (end < begins[session + 1] && keep(end)) ++end;
        add_rows(segment, segment.session_numbers()[session], row, end, std::exchange(follows, true));
        row = end;
    }
}

void SegmentBuilder::add_rows(const Segment& segment, std::int64_t session, std::uint32_t from, std::uint32_t to,
                              bool follows) {
    if (source_.segment != &segment) {
        source_ = {};
        source_.segment = &segment;
    }
    begin_run(session, segment.time(from), to - from, follows);
    for (std::size_t column = 0; column < kSegmentColumns; ++column) {
        add_codes(segment, static_cast<SegmentColumn>(column), from, to);
    }
    for (std::uint32_t row = from; row < to; ++row) {
        times_.push_back(segment.time(row));
        ids_.push_back(segment.row_id(row));
    }
}

void SegmentBuilder::add_codes(const Segment& segment, SegmentColumn column, std::uint32_t from, std::uint32_t to) {
    const auto theirs = segment.codes(column);
    if (theirs.all_null()) return;
    const auto entries = segment.entries(column);
    auto& known = source_.codes[static_cast<std::size_t>(column)];
    if (known.empty()) known.resize(entries.size() + 1, kUnknown);
    known[0] = 0;
    auto& ours = column_of(column);
    scratch_.resize(to - from);
    theirs.read(from, to, scratch_.data());
    for (std::uint32_t i = 0; i < to - from; ++i) {
        if (scratch_[i] == 0) continue;
        auto& code = known[scratch_[i]];
        if (code == kUnknown) {
            code = 1 + (entries.are == Entries::texts ? ours.number(entries.text(scratch_[i] - 1))
                                                      : ours.numbering.number(entries.values[scratch_[i] - 1]));
        }
        ours.codes.resize(times_.size() + i);
        ours.codes.push_back(code);
    }
}

Result<void> SegmentBuilder::order_session(std::vector<std::uint32_t>& rows, const Precedes& precedes) const {
    std::optional<Error> failed;
    // Not std::sort: an order that fails halfway would not be one.
    std::stable_sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (times_[a] != times_[b]) return times_[a] < times_[b];
        if (a == b || failed) return false;
        auto before = precedes(ids_[a], ids_[b]);
        if (!before) failed = std::move(before).error();
        return before && *before;
    });
    if (failed) return std::move(*failed);
    return {};
}

Result<std::vector<std::uint32_t>> SegmentBuilder::order(const Precedes& precedes) {
    std::stable_sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.session < b.session; });
    std::vector<std::uint32_t> rows;
    rows.reserve(times_.size());
    std::vector<std::uint32_t> of_session;
    for (std::size_t i = 0; i < runs_.size();) {
        std::size_t next = i + 1;
        while (next < runs_.size() && runs_[next].session == runs_[i].session) ++next;
        of_session.clear();
        for (std::size_t run = i; run < next; ++run) {
            for (auto row = runs_[run].begin; row < runs_[run].end; ++row) of_session.push_back(row);
        }
        if (next - i > 1) {
            if (auto ordered = order_session(of_session, precedes); !ordered) return std::move(ordered).error();
        }
        rows.insert(rows.end(), of_session.begin(), of_session.end());
        i = next;
    }
    return rows;
}

std::vector<std::uint32_t> SegmentBuilder::session_visitors(const std::vector<std::uint32_t>& ordered,
                                                            const std::vector<std::uint32_t>& begins) {
    auto& codes = column_of(SegmentColumn::visitor).codes;
    codes.resize(times_.size());
    std::vector<std::uint32_t> visitors;
    for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
        const auto first = codes[ordered[begins[i]]];
        const bool only = std::all_of(ordered.begin() + begins[i], ordered.begin() + begins[i + 1],
                                      [&](std::uint32_t row) { return codes[row] == first; });
        visitors.push_back(only ? first : 0);
    }
    return visitors;
}

Result<std::shared_ptr<const Segment>> SegmentBuilder::finish(const Precedes& precedes) {
    const auto ordered = order(precedes);
    if (!ordered) return ordered.error();
    Output output;
    auto& header = output.header;
    header.project = project_;
    header.day = day_;
    header.rows = static_cast<std::uint32_t>(times_.size());

    std::vector<std::int64_t> sessions;
    std::vector<std::uint32_t> begins;
    std::uint32_t row = 0;
    for (const auto& run : runs_) {
        if (sessions.empty() || sessions.back() != run.session) {
            sessions.push_back(run.session);
            begins.push_back(row);
        }
        row += run.end - run.begin;
    }
    begins.push_back(row);
    header.sessions = static_cast<std::uint32_t>(sessions.size());
    output.add(section_of(SegmentPart::sessions), sessions);
    output.add(section_of(SegmentPart::begins), begins);
    output.add(section_of(SegmentPart::session_visitors), session_visitors(*ordered, begins));

    const auto in_order = [&](const std::vector<std::int64_t>& values) {
        std::vector<std::int64_t> gathered;
        gathered.reserve(values.size());
        for (const auto at : *ordered) gathered.push_back(values[at]);
        return gathered;
    };
    const auto times = offsets_of(times_);
    const auto ids = offsets_of(ids_);
    header.time_base = times.base;
    header.row_base = ids.base;
    if (!times_.empty()) {
        header.first_ms = *std::min_element(times_.begin(), times_.end());
        header.last_ms = *std::max_element(times_.begin(), times_.end());
    }
    add_offsets(output, section_of(SegmentPart::times), in_order(times_), times);
    add_offsets(output, section_of(SegmentPart::rows), in_order(ids_), ids);

    for (std::size_t i = 0; i < kSegmentColumns; ++i) {
        const auto which = static_cast<SegmentColumn>(i);
        auto& column = columns_[i];
        if (column.entries() == 0) continue;
        column.codes.resize(times_.size());
        const auto present =
            times_.size() - static_cast<std::size_t>(std::count(column.codes.begin(), column.codes.end(), 0u));
        header.present[i] = static_cast<std::uint32_t>(present);
        const bool sparse = present < times_.size() / kSparse;
        std::vector<std::uint32_t> codes;
        std::vector<std::uint32_t> rows_with;
        for (std::uint32_t at = 0; at < ordered->size(); ++at) {
            const auto code = column.codes[(*ordered)[at]];
            if (sparse && code == 0) continue;
            codes.push_back(code);
            if (sparse) rows_with.push_back(at);
        }
        output.add_narrow(section_of(which, ColumnPart::codes), codes, width_for(column.entries()));
        output.add(section_of(which, ColumnPart::sparse_rows), rows_with);
        if (entries_of(which) == Entries::texts) {
            std::string bytes;
            std::vector<std::uint32_t> ends;
            for (const auto& text : column.texts) {
                bytes += text;
                ends.push_back(static_cast<std::uint32_t>(bytes.size()));
            }
            output.add(section_of(which, ColumnPart::entries), ends);
            output.add(section_of(which, ColumnPart::texts), bytes.data(), bytes.size(), 1);
        } else {
            output.add(section_of(which, ColumnPart::entries), column.numbering.keys());
        }
    }
    times_.clear();
    ids_.clear();
    runs_.clear();
    columns_ = {};
    source_ = {};
    return std::shared_ptr<const Segment>(std::make_shared<Segment>(output.finish()));
}

}  // namespace collector::store::local
