#include "store/local/scan/segment_view.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "store/local/scan/accumulator.hpp"

namespace collector::store::local {
namespace {

using model::Attribute;
using model::Column;
using model::Condition;

// A block's columns stay in the processor's cache from one step to the next.
constexpr std::uint32_t kBlockRows = 8 * 1024;
constexpr std::size_t kFew = 3;
constexpr std::size_t kColumns = static_cast<std::size_t>(Column::cls) + 1;

bool any(const Mask& mask) { return !mask.empty() && std::memchr(mask.data(), 1, mask.size()) != nullptr; }

bool overlap(const SegmentHeader& header, const model::TimeRange& range) {
    return header.rows > 0 && header.first_ms <= range.to_ms && header.last_ms >= range.from_ms;
}

}  // namespace

SegmentView::SegmentView(const Scan& scan, const PreparedSelection& selection, std::uint32_t index)
    : scan_(scan),
      selection_(selection),
      index_(index),
      live_(scan.snapshot.segments[index]),
      whole_(live_.segment->header().first_ms >= selection.range.from_ms &&
             live_.segment->header().last_ms <= selection.range.to_ms),
      cached_(kColumns) {
    if (!overlap(live_.segment->header(), selection.range)) {
        next_session_ = live_.segment->sessions();
    } else if (auto sound = live_.segment->check(); !sound) {
        error_ = std::move(sound).error();
    }
}

bool SegmentView::next() {
    const auto sessions = live_.segment->sessions();
    const auto begins = live_.segment->begins();
    while (!error_ && next_session_ < sessions) {
        const auto first = next_session_;
        const auto too_far = std::upper_bound(begins.begin() + first + 2, begins.end(), begins[first] + kBlockRows);
        const auto last = static_cast<std::uint32_t>(too_far - begins.begin()) - 1;
        next_session_ = last;
        if (load(first, last) && !error_) return true;
    }
    return false;
}

bool SegmentView::load(std::uint32_t first, std::uint32_t last) {
    const auto begins = live_.segment->begins();
    ++block_;
    first_session_ = first;
    first_row_ = begins[first];
    rows_ = begins[last] - first_row_;
    begins_.resize(last - first + 1);
    for (std::size_t i = 0; i < begins_.size(); ++i) begins_[i] = begins[first + i] - first_row_;
    return select_rows();
}

bool SegmentView::select_rows() {
    seen_ = rows_in(selection_.range, whole_);
    if (!any(seen_)) return false;
    const auto leave_seen = [this](Mask& mask) {
        for (std::uint32_t i = 0; live_.moved && i + 1 < begins_.size(); ++i) {
            if (!live_.has(first_session_ + i)) std::fill(mask.begin() + begins_[i], mask.begin() + begins_[i + 1], 0);
        }
        for (const auto& condition : selection_.seen) narrow(mask, condition);
    };
    leave_seen(seen_);
    if (selection_.filters.empty() || !any(seen_)) return any(seen_);
    const auto& [range, judged_range] = std::tie(selection_.range, selection_.judged);
    Mask judged = seen_;
    if (judged_range.from_ms != range.from_ms || judged_range.to_ms != range.to_ms) {
        judged = rows_in(judged_range, false);
        leave_seen(judged);
    }
    for (const auto& filter : selection_.filters) keep_sessions(filter, judged);
    return any(seen_);
}

Mask SegmentView::rows_in(const model::TimeRange& range, bool all) {
    Mask mask(rows_, 1);
    if (all) return mask;
    const auto* time = times();
    for (std::uint32_t row = 0; row < rows_; ++row) mask[row] = time[row] >= range.from_ms && time[row] <= range.to_ms;
    return mask;
}

/// What the attribute of each session is, and then whether it will do.
void SegmentView::keep_sessions(const PreparedFilter& filter, const Mask& judged) {
    const Mask mask = narrowed(judged, filter.where);
    const bool of_value = filter.take == Attribute::Take::first || filter.take == Attribute::Take::last;
    const auto* accepts = of_value ? accepted(filter.value).codes.data() : nullptr;
    const auto* values = of_value ? codes(filter.value.column) : nullptr;
    for (std::uint32_t i = 0; i + 1 < begins_.size(); ++i) {
        const auto begin = begins_[i];
        const auto end = begins_[i + 1];
        const auto first = first_in(mask, begin, end);
        const bool any = first != end;
        bool keep = false;
        switch (filter.take) {
            case Attribute::Take::count: keep = filter.value.test.holds_integer(count_in(mask, begin, end)); break;
            case Attribute::Take::any: keep = filter.value.test.holds_integer(any); break;
            case Attribute::Take::span:
                keep = filter.value.test.holds_integer(any ? time(last_in(mask, end)) - time(first) : 0);
                break;
            case Attribute::Take::first: keep = accepts[any ? values[first] : 0]; break;
            case Attribute::Take::last: keep = accepts[any ? values[last_in(mask, end)] : 0]; break;
        }
        if (!keep) std::fill(seen_.begin() + begin, seen_.begin() + end, 0);
    }
}

Mask SegmentView::narrowed(const Mask& mask, const PreparedWhere& where) {
    Mask made = mask;
    for (const auto& condition : where) narrow(made, condition);
    return made;
}

void SegmentView::narrow(Mask& mask, const PreparedCondition& condition) {
    const auto& accepts = accepted(condition);
    if (accepts.all) return;
    if (accepts.none) return narrow_all(mask, 0);
    const auto* stored = stored_as(condition.column);
    if (!stored) return narrow_by(mask, accepts, codes(condition.column));
    const auto of_column = live_.segment->codes(stored->column);
    if (of_column.all_null()) return narrow_all(mask, accepts.codes[0]);
    if (!of_column.is_sparse()) {
        return of_column.as_stored([&](const auto* all) { narrow_by(mask, accepts, all + first_row_); });
    }
    if (accepts.codes[0]) return narrow_by(mask, accepts, codes(condition.column));
    Mask kept(rows_);
    of_column.each_present(first_row_, first_row_ + rows_, [&](std::uint32_t row, std::uint32_t code) {
        kept[row - first_row_] = mask[row - first_row_] & accepts.codes[code];
    });
    mask.swap(kept);
}

void SegmentView::narrow_all(Mask& mask, std::uint8_t accepts) const {
    if (!accepts) std::fill(mask.begin(), mask.end(), 0);
}

/// Comparing with some codes, a processor does many rows at a time; looking each up, one.
template <typename Code>
void SegmentView::narrow_by(Mask& mask, const Accepted& accepts, const Code* row_codes) const {
    auto* out = mask.data();
    const auto count = rows_;
    const auto& few = accepts.few;
    const auto are = accepts.few_are;
    const auto code = [&](std::size_t i) { return static_cast<Code>(few[i]); };
    if (few.size() == 1) {
        const Code a = code(0);
        for (std::uint32_t i = 0; i < count; ++i) out[i] &= (row_codes[i] == a) == are;
    } else if (few.size() == 2) {
        const Code a = code(0);
        const Code b = code(1);
        for (std::uint32_t i = 0; i < count; ++i) out[i] &= ((row_codes[i] == a) | (row_codes[i] == b)) == are;
    } else if (few.size() == 3) {
        const Code a = code(0);
        const Code b = code(1);
        const Code c = code(2);
        for (std::uint32_t i = 0; i < count; ++i) {
            out[i] &= ((row_codes[i] == a) | (row_codes[i] == b) | (row_codes[i] == c)) == are;
        }
    } else {
        const auto* table = accepts.codes.data();
        for (std::uint32_t i = 0; i < count; ++i) out[i] &= table[row_codes[i]];
    }
}

const SegmentView::Accepted& SegmentView::accepted(const PreparedCondition& condition) {
    auto& accepts = accepted_[&condition];
    auto& codes = accepts.codes;
    if (!codes.empty()) return accepts;
    const auto& means = meaning(condition.column);
    const auto& test = condition.test;
    codes.push_back(test.holds_null());
    for (std::size_t entry = 0; entry < means.size(); ++entry) {
        if (test.test == Condition::Test::trait) {
            codes.push_back(condition.column == Column::visitor && test.visitors[(*live_.visitors)[entry]]);
        } else {
            const bool is_text = means.are() == Entries::texts;
            codes.push_back(means.is_null(entry)
                                ? test.holds_null()
                                : test.holds(scan_.texts, means.are(), is_text ? 0 : means.value(entry),
                                             is_text ? means.text(entry) : std::string_view()));
        }
    }
    const auto* stored = stored_as(condition.column);
    const std::uint32_t first = stored && live_.segment->has_null(stored->column) ? 0 : 1;  // the codes that occur
    const auto occurring = static_cast<std::ptrdiff_t>(codes.size() - first);
    const auto accepted_codes = std::count(codes.begin() + first, codes.end(), 1);
    accepts.all = accepted_codes == occurring;
    accepts.none = accepted_codes == 0;
    accepts.few_are = accepted_codes <= occurring / 2;
    for (std::uint32_t code = first; code < codes.size() && accepts.few.size() <= kFew; ++code) {
        if (codes[code] == accepts.few_are) accepts.few.push_back(code);
    }
    if (accepts.few.size() > kFew) accepts.few.clear();
    return accepts;
}

const std::int64_t* SegmentView::times() {
    if (times_block_ != block_) {
        times_.resize(rows_);
        live_.segment->times(first_row_, first_row_ + rows_, times_.data());
        times_block_ = block_;
    }
    return times_.data();
}

const std::int64_t* SegmentView::next_gaps() {
    if (gaps_block_ == block_) return gaps_.data();
    gaps_block_ = block_;
    gaps_.assign(rows_, kAbsent);
    const auto* time = times();
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
        std::int64_t next = kAbsent;
        for (auto row = begins_[i + 1]; row-- > begins_[i];) {
            if (!seen_[row]) continue;
            if (next != kAbsent) gaps_[row] = next - time[row];
            next = time[row];
        }
    }
    return gaps_.data();
}

const std::uint32_t* SegmentView::codes(Column column) {
    auto& kept = cached(column);
    if (kept.block == block_) return kept.codes.data();
    kept.block = block_;
    kept.codes.resize(rows_);
    auto* out = kept.codes.data();
    if (column == Column::session) {
        for (std::uint32_t i = 0; i + 1 < begins_.size(); ++i) {
            std::fill(out + begins_[i], out + begins_[i + 1], first_session_ + i + 1);
        }
    } else if (const auto* stored = stored_as(column)) {
        if (check(stored->column)) {
            live_.segment->codes(stored->column).read(first_row_, first_row_ + rows_, out);
        } else {
            std::fill_n(out, rows_, 0);
        }
    } else {
        read_days(out);
    }
    return out;
}

/// Most sessions begin and end on one day.
void SegmentView::read_days(std::uint32_t* out) {
    const auto code_of = [&](std::uint32_t row) { return day_code(time(row)); };
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
        const auto begin = begins_[i];
        const auto end = begins_[i + 1];
        const auto code = code_of(begin);
        if (code == code_of(end - 1)) {
            std::fill(out + begin, out + end, code);
        } else {
            for (auto row = begin; row < end; ++row) out[row] = code_of(row);
        }
    }
}

bool SegmentView::is_sparse(Column column) {
    const auto* stored = stored_as(column);
    if (!stored || !check(stored->column)) return false;
    const auto of_column = live_.segment->codes(stored->column);
    return of_column.is_sparse() || of_column.all_null();
}

const Meaning& SegmentView::meaning(Column column) {
    auto& kept = cached(column);
    if (!kept.meaning) {
        const auto* stored = stored_as(column);
        kept.meaning = stored && !check(stored->column) ? Meaning() : Meaning::of(scan_, live_, column);
    }
    return *kept.meaning;
}

bool SegmentView::check(SegmentColumn column) {
    if (error_) return false;
    auto sound = live_.segment->check(column);
    if (!sound) error_ = std::move(sound).error();
    return !error_;
}

}  // namespace collector::store::local
