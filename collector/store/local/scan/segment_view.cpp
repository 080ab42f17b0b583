#include "store/local/scan/segment_view.hpp"

#include <algorithm>
#include <cstring>

namespace collector::store::local {
namespace {

using model::Attribute;
using model::Column;
using model::Condition;

// A block's columns stay in the processor's cache from one step to the next.
constexpr std::uint32_t kBlockRows = 8 * 1024;
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
        auto last = first + 1;
        while (last < sessions && begins[last + 1] - begins[first] <= kBlockRows) ++last;
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
    begins_.clear();
    for (auto session = first; session <= last; ++session) begins_.push_back(begins[session] - first_row_);
    return select_rows();
}

bool SegmentView::select_rows() {
    seen_.assign(rows_, 1);
    if (!whole_) {
        const auto* time = times();
        const auto& [from, to] = selection_.range;
        for (std::uint32_t row = 0; row < rows_; ++row) seen_[row] = time[row] >= from && time[row] <= to;
        if (!any(seen_)) return false;
    }
    if (live_.moved) {
        for (std::uint32_t i = 0; i + 1 < begins_.size(); ++i) {
            if (live_.has(first_session_ + i)) continue;
            std::fill(seen_.begin() + begins_[i], seen_.begin() + begins_[i + 1], 0);
        }
    }
    for (const auto& condition : selection_.seen) narrow(seen_, condition);
    if (!selection_.filters.empty() && any(seen_)) keep_sessions();
    return any(seen_);
}

void SegmentView::keep_sessions() {
    Mask judged = seen_;
    const auto& [from, to] = selection_.judged;
    if (from != selection_.range.from_ms || to != selection_.range.to_ms) {
        const auto* time = times();
        for (std::uint32_t row = 0; row < rows_; ++row) judged[row] &= time[row] >= from && time[row] <= to;
    }
    for (const auto& filter : selection_.filters) keep_sessions(filter, judged);
}

/// What the attribute of each session is, and then whether it will do.
void SegmentView::keep_sessions(const PreparedFilter& filter, const Mask& judged) {
    const Mask mask = narrowed(judged, filter.where);
    const bool of_value = filter.take == Attribute::Take::first || filter.take == Attribute::Take::last;
    const auto* accepts = of_value ? accepted(filter.value).data() : nullptr;
    const auto* values = of_value ? codes(filter.value.column) : nullptr;
    const auto* time = filter.take == Attribute::Take::span ? times() : nullptr;
    for (std::uint32_t i = 0; i + 1 < begins_.size(); ++i) {
        const auto begin = begins_[i];
        const auto end = begins_[i + 1];
        std::int64_t count = 0;
        std::uint32_t first = end;
        std::uint32_t last = end;
        for (auto row = begin; row < end; ++row) {
            if (!mask[row]) continue;
            if (count++ == 0) first = row;
            last = row;
        }
        bool keep = false;
        switch (filter.take) {
            case Attribute::Take::count: keep = filter.value.test.holds_integer(count); break;
            case Attribute::Take::any: keep = filter.value.test.holds_integer(count > 0); break;
            case Attribute::Take::span:
                keep = filter.value.test.holds_integer(count > 0 ? time[last] - time[first] : 0);
                break;
            case Attribute::Take::first: keep = accepts[count > 0 ? values[first] : 0]; break;
            case Attribute::Take::last: keep = accepts[count > 0 ? values[last] : 0]; break;
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
    const auto* values = codes(condition.column);
    for (std::uint32_t row = 0; row < rows_; ++row) mask[row] &= accepts[values[row]];
}

const std::vector<std::uint8_t>& SegmentView::accepted(const PreparedCondition& condition) {
    auto& accepts = accepted_[&condition];
    if (!accepts.empty()) return accepts;
    const auto& means = meaning(condition.column);
    const auto& test = condition.test;
    accepts.push_back(test.holds_null());
    for (std::size_t entry = 0; entry < means.size(); ++entry) {
        if (test.test == Condition::Test::trait) {
            accepts.push_back(condition.column == Column::visitor && test.visitors[(*live_.visitors)[entry]]);
        } else {
            const bool is_text = means.are() == Entries::texts;
            accepts.push_back(means.is_null(entry)
                                  ? test.holds_null()
                                  : test.holds(scan_.texts, means.are(), is_text ? 0 : means.value(entry),
                                               is_text ? means.text(entry) : std::string_view()));
        }
    }
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

void SegmentView::read_days(std::uint32_t* out) {
    const auto* time = times();
    const auto first = day_of(live_.segment->header().first_ms);
    for (std::uint32_t row = 0; row < rows_; ++row) out[row] = static_cast<std::uint32_t>(day_of(time[row]) - first + 1);
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
