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
constexpr std::uint32_t kOwnRows = 0;  // a source
// Below one row in eight it is less to tell which rows have a value.
constexpr std::size_t kSparse = 8;
// Twice the kinds, with room for some more.
constexpr std::size_t kMaxClasses = 64;

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

void SegmentBuilder::add_row(std::int64_t row, std::int64_t session, std::int64_t time_ms) {
    const auto at = static_cast<std::uint32_t>(times_.size());
    times_.push_back(time_ms);
    ids_.push_back(row);
    add_run(kOwnRows, session, at, at + 1);
}

void SegmentBuilder::add_session(const std::shared_ptr<const Segment>& segment, std::uint32_t session) {
    const auto begins = segment->begins();
    add_run(source_of(segment), segment->session_numbers()[session], begins[session], begins[session + 1]);
}

void SegmentBuilder::add_session(const std::shared_ptr<const Segment>& segment, std::uint32_t session,
                                 const std::function<bool(std::uint32_t)>& keep) {
    const auto begins = segment->begins();
    const auto source = source_of(segment);
    for (std::uint32_t row = begins[session]; row < begins[session + 1]; ++row) {
        if (!keep(row)) continue;
        std::uint32_t end = row + 1;
        while (end < begins[session + 1] && keep(end)) ++end;
        add_run(source, segment->session_numbers()[session], row, end);
        row = end;
    }
}

std::uint32_t SegmentBuilder::source_of(const std::shared_ptr<const Segment>& segment) {
    const auto found = std::find_if(sources_.rbegin(), sources_.rend(),  // most often the one before
                                    [&](const Source& source) { return source.segment == segment; });
    if (found != sources_.rend()) return static_cast<std::uint32_t>(sources_.rend() - found) - 1;
    sources_.push_back({segment, {}});
    return static_cast<std::uint32_t>(sources_.size()) - 1;
}

void SegmentBuilder::add_run(std::uint32_t source, std::int64_t session, std::uint32_t begin, std::uint32_t end) {
    rows_ += end - begin;
    const Run run{session, source, begin, end, time_of(source, begin), time_of(source, end - 1)};
    auto* last = runs_.empty() ? nullptr : &runs_.back();
    if (last && last->session == session && last->source == source && last->end == begin && is_ordered(*last, run)) {
        last->end = end;
        last->last_ms = run.last_ms;
    } else {
        runs_.push_back(run);
    }
}

std::int64_t SegmentBuilder::time_of(std::uint32_t source, std::uint32_t row) const {
    return source == kOwnRows ? times_[row] : sources_[source].segment->time(row);
}

std::int64_t SegmentBuilder::id_of(std::uint32_t source, std::uint32_t row) const {
    return source == kOwnRows ? ids_[row] : sources_[source].segment->row_id(row);
}

/// Whether all rows of the one are known to come before those of the next: a segment's are in order.
bool SegmentBuilder::is_ordered(const Run& run, const Run& next) {
    if (run.source == next.source && run.source != kOwnRows) return run.end <= next.begin;
    return run.last_ms < next.first_ms;
}

void SegmentBuilder::place(std::uint32_t source, std::uint32_t begin, std::uint32_t end) {
    auto& pieces = sources_[source].pieces;
    const bool goes_on = !pieces.empty() && pieces.back().end == begin &&
                         pieces.back().at + (pieces.back().end - pieces.back().begin) == placed_;
    if (goes_on) {
        pieces.back().end = end;
    } else {
        pieces.push_back({begin, end, placed_});
    }
    placed_ += end - begin;
}

Result<void> SegmentBuilder::order(const Precedes& precedes) {
    std::stable_sort(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) { return a.session < b.session; });
    const auto* const runs = runs_.data();
    for (std::size_t i = 0; i < runs_.size();) {
        sessions_.push_back(runs[i].session);
        begins_.push_back(placed_);
        bool ordered = true;
        std::size_t next = i + 1;
        for (; next < runs_.size() && runs[next].session == runs[i].session; ++next) {
            ordered = ordered && is_ordered(runs[next - 1], runs[next]);
        }
        if (ordered) {
            for (; i < next; ++i) place(runs[i].source, runs[i].begin, runs[i].end);
        } else if (auto done = interleave(runs + i, runs + next, precedes); !done) {
            return done;
        }
        i = next;
    }
    begins_.push_back(placed_);
    // So that each source is read from its beginning to its end.
    for (auto& source : sources_) {
        std::sort(source.pieces.begin(), source.pieces.end(),
                  [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
    }
    return {};
}

Result<void> SegmentBuilder::interleave(const Run* begin, const Run* end, const Precedes& precedes) {
    struct Row {
        std::int64_t time_ms;
        std::uint32_t source, row;
    };
    std::vector<Row> rows;
    for (const auto* run = begin; run != end; ++run) {
        for (auto row = run->begin; row < run->end; ++row)
            rows.push_back({time_of(run->source, row), run->source, row});
    }
    std::optional<Error> failed;
    // Not std::sort: an order that fails halfway would not be one.
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
        if (a.time_ms != b.time_ms) return a.time_ms < b.time_ms;
        if (a.source == b.source && a.source != kOwnRows) return a.row < b.row;
        if ((a.source == b.source && a.row == b.row) || failed) return false;
        auto before = precedes(id_of(a.source, a.row), id_of(b.source, b.row));
        if (!before) failed = std::move(before).error();
        return before && *before;
    });
    if (failed) return std::move(*failed);
    for (const auto& row : rows) place(row.source, row.row, row.row + 1);
    return {};
}

/// In the order of the rows here; `value_of(source, row)`.
template <typename ValueOf>
std::vector<std::int64_t> SegmentBuilder::gather(const ValueOf& value_of) const {
    std::vector<std::int64_t> values(rows_);
    for (std::uint32_t source = 0; source < sources_.size(); ++source) {
        for (const auto& piece : sources_[source].pieces) {
            for (auto row = piece.begin; row < piece.end; ++row) {
                values[piece.at + (row - piece.begin)] = value_of(source, row);
            }
        }
    }
    return values;
}

/// Empty: null in all rows.
std::vector<std::uint32_t> SegmentBuilder::codes_of(SegmentColumn column) {
    const auto& own = column_of(column).codes;
    const bool has_any = !own.empty() || std::any_of(sources_.begin() + 1, sources_.end(), [&](const Source& source) {
        return !source.segment->codes(column).all_null();
    });
    if (!has_any) return {};
    std::vector<std::uint32_t> codes(rows_);
    for (const auto& piece : sources_[kOwnRows].pieces) {
        for (auto row = piece.begin; row < piece.end && row < own.size(); ++row) {
            codes[piece.at + (row - piece.begin)] = own[row];
        }
    }
    for (std::size_t source = 1; source < sources_.size(); ++source) take_codes(column, sources_[source], codes);
    return codes;
}

void SegmentBuilder::take_codes(SegmentColumn which, const Source& source, std::vector<std::uint32_t>& codes) {
    const auto theirs = source.segment->codes(which);
    if (theirs.all_null()) return;
    const auto entries = source.segment->entries(which);
    auto& column = column_of(which);
    std::vector<std::uint32_t> ours(entries.size() + 1, kUnknown);  // by their code
    ours[0] = 0;
    const auto code_of = [&](std::uint32_t code) {
        auto& known = ours[code];
        if (known == kUnknown) {
            known = 1 + (entries.are == Entries::texts ? column.number(entries.text(code - 1))
                                                       : column.numbering.number(entries.values[code - 1]));
        }
        return known;
    };
    if (theirs.is_sparse()) {
        std::size_t at = 0;
        for (const auto& piece : source.pieces) {
            at = theirs.each_present(piece.begin, piece.end, at, [&](std::uint32_t row, std::uint32_t code) {
                codes[piece.at + (row - piece.begin)] = code_of(code);
            });
        }
        return;
    }
    theirs.as_stored([&](const auto* stored) {
        for (const auto& piece : source.pieces) {
            auto* out = codes.data() + piece.at;
            for (auto row = piece.begin; row < piece.end; ++row) *out++ = code_of(stored[row]);
        }
    });
}

std::vector<std::uint32_t> SegmentBuilder::session_visitors(const std::vector<std::uint32_t>& visitors) const {
    std::vector<std::uint32_t> only(sessions_.size());
    for (std::size_t i = 0; i < only.size() && !visitors.empty(); ++i) {
        const auto first = visitors[begins_[i]];
        const bool is_only = std::all_of(visitors.begin() + begins_[i], visitors.begin() + begins_[i + 1],
                                         [&](std::uint32_t visitor) { return visitor == first; });
        only[i] = is_only ? first : 0;
    }
    return only;
}

/// By class, then by session. None when a row has no class, or for more classes than there are.
std::vector<std::uint8_t> SegmentBuilder::class_counts(const std::vector<std::uint32_t>& classes) const {
    const auto entries = columns_[static_cast<std::size_t>(SegmentColumn::row_class)].entries();
    if (entries > kMaxClasses || classes.empty() || std::find(classes.begin(), classes.end(), 0u) != classes.end()) {
        return {};
    }
    std::vector<std::uint8_t> counts(entries * sessions_.size());
    for (std::size_t session = 0; session < sessions_.size(); ++session) {
        for (auto row = begins_[session]; row < begins_[session + 1]; ++row) {
            auto& count = counts[(classes[row] - 1) * sessions_.size() + session];
            if (count < kManyRows) ++count;
        }
    }
    return counts;
}

Result<std::shared_ptr<const Segment>> SegmentBuilder::finish(const Precedes& precedes) {
    if (auto ordered = order(precedes); !ordered) return std::move(ordered).error();
    Output output;
    auto& header = output.header;
    header.project = project_;
    header.day = day_;
    header.rows = static_cast<std::uint32_t>(rows_);
    header.sessions = static_cast<std::uint32_t>(sessions_.size());
    output.add(section_of(SegmentPart::sessions), sessions_);
    output.add(section_of(SegmentPart::begins), begins_);

    const auto times = gather([this](std::uint32_t source, std::uint32_t row) { return time_of(source, row); });
    const auto ids = gather([this](std::uint32_t source, std::uint32_t row) { return id_of(source, row); });
    const auto time_offsets = offsets_of(times);
    const auto id_offsets = offsets_of(ids);
    header.time_base = time_offsets.base;
    header.row_base = id_offsets.base;
    if (!times.empty()) {
        header.first_ms = *std::min_element(times.begin(), times.end());
        header.last_ms = *std::max_element(times.begin(), times.end());
    }
    add_offsets(output, section_of(SegmentPart::times), times, time_offsets);
    add_offsets(output, section_of(SegmentPart::rows), ids, id_offsets);

    for (std::size_t i = 0; i < kSegmentColumns; ++i) {
        const auto which = static_cast<SegmentColumn>(i);
        const auto codes = codes_of(which);
        if (which == SegmentColumn::visitor) {
            output.add(section_of(SegmentPart::session_visitors), session_visitors(codes));
        } else if (which == SegmentColumn::row_class) {
            output.add(section_of(SegmentPart::class_counts), class_counts(codes));
        }
        const auto& column = columns_[i];
        if (column.entries() == 0) continue;
        const auto present = rows_ - static_cast<std::size_t>(std::count(codes.begin(), codes.end(), 0u));
        header.present[i] = static_cast<std::uint32_t>(present);
        if (present < rows_ / kSparse) {
            std::vector<std::uint32_t> kept;
            std::vector<std::uint32_t> rows_with;
            for (std::uint32_t row = 0; row < codes.size(); ++row) {
                if (codes[row] == 0) continue;
                kept.push_back(codes[row]);
                rows_with.push_back(row);
            }
            output.add_narrow(section_of(which, ColumnPart::codes), kept, width_for(column.entries()));
            output.add(section_of(which, ColumnPart::sparse_rows), rows_with);
        } else {
            output.add_narrow(section_of(which, ColumnPart::codes), codes, width_for(column.entries()));
        }
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
    return std::shared_ptr<const Segment>(std::make_shared<Segment>(output.finish()));
}

}  // namespace collector::store::local
