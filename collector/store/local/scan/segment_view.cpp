#include "store/local/scan/segment_view.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "store/local/scan/accumulator.hpp"

namespace collector::store::local {
namespace {

using model::Attribute;
using model::Column;
using model::Condition;

// A block's columns stay in the processor's cache from one step to the next.
constexpr std::uint32_t kBlockRows = 8 * 1024;
constexpr std::size_t kFew = 4;
constexpr std::size_t kColumns = static_cast<std::size_t>(Column::cls) + 1;

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
      told_(whole_ && !selection.members && asks_for_classes(selection.seen) &&
            !live_.segment->class_counts(1).empty()),
      cached_(kColumns) {
    if (!overlap(live_.segment->header(), selection.range)) {
        next_session_ = live_.segment->sessions();
    } else if (auto sound = live_.segment->check(); !sound) {
        error_ = std::move(sound).error();
    } else if (selection.members && check(SegmentColumn::visitor)) {
        members_ = selection.members->by_code(*live_.segment);
        if (members_.empty()) next_session_ = live_.segment->sessions();
    }
}

bool SegmentView::next() {
    const auto sessions = live_.segment->sessions();
    const auto begins = live_.segment->begins();
    while (!error_ && (!shared_.empty() || next_session_ < sessions)) {
        std::uint32_t first = next_session_;
        std::uint32_t last = 0;
        only_ = 0;
        if (!shared_.empty()) {
            first = shared_.back().session;
            last = first + 1;
            only_ = shared_.back().visitor;
            shared_.pop_back();
        } else {
            const auto too_far = std::upper_bound(begins.begin() + first + 2, begins.end(), begins[first] + kBlockRows);
            last = static_cast<std::uint32_t>(too_far - begins.begin()) - 1;
            next_session_ = last;
        }
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
    kept_.assign(last - first, 1);
    keeps_all_ = !live_.moved;
    for (std::uint32_t i = 0; !keeps_all_ && i < kept_.size(); ++i) kept_[i] = live_.has(first + i);
    if (selection_.members && !keep_members()) return false;
    if (!selection_.filters.empty()) filter_sessions();
    if (selection_.members) leave_members();
    return told_ ? keeps_all_ || any(kept_) : any(seen());
}

/// The sessions of members; those of several visitors come later. False: there is none.
bool SegmentView::keep_members() {
    const auto visitors = session_visitors();
    for (std::uint32_t i = 0; i < kept_.size(); ++i) {
        if (!kept_[i] || only_ != 0) continue;
        if (visitors[i] == 0) note_shared(i);
        kept_[i] = visitors[i] != 0 && members_[visitors[i]] != 0;
    }
    keeps_all_ = std::find(kept_.begin(), kept_.end(), 0) == kept_.end();
    return any(kept_);
}

void SegmentView::note_shared(std::uint32_t session) {
    const auto codes = live_.segment->codes(SegmentColumn::visitor);
    const auto before = std::ssize(shared_);
    for (auto row = begins_[session]; row < begins_[session + 1]; ++row) {
        const auto visitor = codes.at(first_row_ + row);
        if (members_[visitor] == 0) continue;
        const bool is_known = std::any_of(shared_.begin() + before, shared_.end(),
                                          [&](const Shared& one) { return one.visitor == visitor; });
        if (!is_known) shared_.push_back({first_session_ + session, visitor});
    }
}

/// Of the members' rows those that exist for them.
void SegmentView::leave_members() {
    seen();
    const auto codes = live_.segment->codes(SegmentColumn::visitor);
    for (std::uint32_t i = 0; i < kept_.size(); ++i) {
        if (!kept_[i]) continue;
        const auto from_ms = selection_.members->from_ms(member_of(i));
        for (auto row = begins_[i]; row < begins_[i + 1] && time(row) < from_ms; ++row) seen_[row] = 0;
        for (auto row = begins_[i]; only_ != 0 && row < begins_[i + 1]; ++row) {
            seen_[row] &= codes.at(first_row_ + row) == only_;
        }
    }
}

const Mask& SegmentView::seen() {
    if (seen_block_ == block_) return seen_;
    seen_block_ = block_;
    seen_ = rows_in(selection_.range, whole_);
    leave_seen(seen_);
    return seen_;
}

void SegmentView::leave_seen(Mask& mask) {
    drop_sessions(mask);
    for (const auto& condition : selection_.seen) narrow(mask, condition);
}

void SegmentView::drop_sessions(Mask& mask) const {
    if (keeps_all_) return;
    for (std::uint32_t i = 0; i < kept_.size(); ++i) {
        if (kept_[i]) continue;
        const auto first = i;
        while (i + 1 < kept_.size() && !kept_[i + 1]) ++i;
        std::fill(mask.begin() + begins_[first], mask.begin() + begins_[i + 1], 0);
    }
}

void SegmentView::filter_sessions() {
    if (!any(seen())) {
        kept_.assign(kept_.size(), 0);
        keeps_all_ = false;
        return;
    }
    const auto& [range, judged_range] = std::tie(selection_.range, selection_.judged);
    Mask judged = seen_;
    if (judged_range.from_ms != range.from_ms || judged_range.to_ms != range.to_ms) {
        judged = rows_in(judged_range, false);
        leave_seen(judged);
    }
    for (const auto& filter : selection_.filters) keep_sessions(filter, judged);
    keeps_all_ = std::find(kept_.begin(), kept_.end(), 0) == kept_.end();
    drop_sessions(seen_);
}

bool SegmentView::asks_for_classes(const PreparedWhere& where) {
    return std::all_of(where.begin(), where.end(), [](const PreparedCondition& condition) {
        const auto* stored = stored_as(condition.column);
        return stored && stored->column == SegmentColumn::row_class;
    });
}

/// By class: those that satisfy all of the conditions.
std::vector<std::uint8_t> SegmentView::accepted_classes(std::initializer_list<const PreparedWhere*> wheres) {
    std::vector<std::uint8_t> classes(live_.segment->entries(SegmentColumn::row_class).size() + 1, 1);
    for (const auto* where : wheres) {
        for (const auto& condition : *where) {
            const auto& accepts = accepted(condition).codes;
            for (std::size_t code = 0; code < std::min(classes.size(), accepts.size()); ++code) {
                classes[code] &= accepts[code];
            }
        }
    }
    return classes;
}

std::optional<RowTest> SegmentView::row_test(std::initializer_list<const PreparedWhere*> wheres) {
    if (!told_) return std::nullopt;
    RowTest made;
    const auto add = [&](const PreparedWhere& where) {
        for (const auto& condition : where) {
            const auto* stored = stored_as(condition.column);
            const auto& accepts = accepted(condition);
            if (accepts.all) continue;
            if (!stored || !check(stored->column)) return false;
            const auto of_column = live_.segment->codes(stored->column);
            if (of_column.is_sparse() || of_column.all_null()) return false;
            made.add(of_column, accepts.codes.data());
        }
        return true;
    };
    if (!add(selection_.seen)) return std::nullopt;
    for (const auto* where : wheres) {
        if (!add(*where)) return std::nullopt;
    }
    return made;
}

bool SegmentView::count(const PreparedWhere& where, const PreparedWhere& more, std::vector<std::uint32_t>& counts) {
    if (!told_ || !asks_for_classes(where) || !asks_for_classes(more)) return false;
    const auto classes = accepted_classes({&selection_.seen, &where, &more});
    counts.assign(kept_.size(), 0);
    std::uint32_t most = 0;
    for (std::uint32_t code = 1; code < classes.size(); ++code) {
        if (!classes[code]) continue;
        const auto* of_class = live_.segment->class_counts(code).data() + first_session_;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            counts[i] += of_class[i];
            most = std::max<std::uint32_t>(most, of_class[i]);
        }
    }
    if (most == kManyRows) return false;
    const auto* kept = kept_.data();
    for (std::size_t i = 0; !keeps_all_ && i < counts.size(); ++i) counts[i] *= kept[i];
    return true;
}

Mask SegmentView::rows_in(const model::TimeRange& range, bool all) {
    Mask mask(rows_, 1);
    if (all) return mask;
    with_times([&](const auto& time_of) {
        for (std::uint32_t row = 0; row < rows_; ++row) {
            const auto time = time_of(row);
            mask[row] = (time >= range.from_ms) & (time <= range.to_ms);
        }
    });
    return mask;
}

/// What the attribute of each session is, and then whether it will do: of the sessions, not yet of their rows.
void SegmentView::keep_sessions(const PreparedFilter& filter, const Mask& judged) {
    const bool of_value = filter.take == Attribute::Take::first || filter.take == Attribute::Take::last;
    const auto* accepts = of_value ? accepted(filter.value).codes.data() : nullptr;
    const auto* values = of_value ? codes(filter.value.column) : nullptr;
    const Mask mask = narrowed(judged, filter.where);
    const auto keep = [&](const auto& keeps) {
        for (std::uint32_t i = 0; i + 1 < begins_.size(); ++i) {
            const auto first = first_in(mask, begins_[i], begins_[i + 1]);
            kept_[i] &= keeps(first, first == begins_[i + 1] ? 0 : begins_[i + 1]);
        }
    };
    // Of the first row, and of where the session ends; of that 0 when there is no row.
    const auto& test = filter.value.test;
    switch (filter.take) {
        case Attribute::Take::count:
            return keep(
                [&](auto first, auto end) { return test.holds_integer(end == 0 ? 0 : count_in(mask, first, end)); });
        case Attribute::Take::any:
            return keep([any = test.holds_integer(1), none = test.holds_integer(0)](auto, auto end) {
                return end != 0 ? any : none;
            });
        case Attribute::Take::span:
            return keep([&](auto first, auto end) {
                return test.holds_integer(end == 0 ? 0 : time(last_in(mask, end)) - time(first));
            });
        case Attribute::Take::first:
            return keep([&](auto first, auto end) { return accepts[end == 0 ? 0 : values[first]] != 0; });
        case Attribute::Take::last:
            return keep([&](auto, auto end) { return accepts[end == 0 ? 0 : values[last_in(mask, end)]] != 0; });
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
    mask = std::move(kept);
}

void SegmentView::narrow_all(Mask& mask, std::uint8_t accepts) const {
    if (!accepts) std::fill(mask.begin(), mask.end(), 0);
}

namespace {
/// Comparing with some codes, a processor does many rows at a time; looking each up, one.
template <std::size_t kCount, typename Code>
void narrow_to(Mask& mask, const std::vector<std::uint32_t>& few, std::uint8_t are, const Code* row_codes) {
    std::array<Code, kCount> wanted;
    for (std::size_t i = 0; i < kCount; ++i) wanted[i] = static_cast<Code>(few[i]);
    auto* out = mask.data();
    for (std::size_t row = 0, rows = mask.size(); row < rows; ++row) {
        bool is_one = false;
        for (const Code code : wanted) is_one |= row_codes[row] == code;
        out[row] &= is_one == are;
    }
}
}  // namespace

template <typename Code>
void SegmentView::narrow_by(Mask& mask, const Accepted& accepts, const Code* row_codes) {
    switch (accepts.few.size()) {
        case 1: return narrow_to<1>(mask, accepts.few, accepts.few_are, row_codes);
        case 2: return narrow_to<2>(mask, accepts.few, accepts.few_are, row_codes);
        case 3: return narrow_to<3>(mask, accepts.few, accepts.few_are, row_codes);
        case 4: return narrow_to<4>(mask, accepts.few, accepts.few_are, row_codes);
        default: break;
    }
    const auto* table = accepts.codes.data();
    for (std::size_t row = 0; row < mask.size(); ++row) mask[row] &= table[row_codes[row]];
}

const SegmentView::Accepted& SegmentView::accepted(const PreparedCondition& condition) {
    auto& accepts = accepted_[&condition];
    auto& codes = accepts.codes;
    if (!codes.empty()) return accepts;
    const auto& means = meaning(condition.column);
    const auto& test = condition.test;
    codes.push_back(test.holds_null());
    const auto holds = [&](std::size_t entry) -> std::uint8_t {
        if (test.test == Condition::Test::trait) {
            return condition.column == Column::visitor && test.visitors[(*live_.visitors)[entry]];
        }
        if (means.is_null(entry)) return test.holds_null();
        const bool is_text = means.are() == Entries::texts;
        return test.holds(scan_.texts, means.are(), is_text ? 0 : means.value(entry),
                          is_text ? means.text(entry) : std::string_view());
    };
    if (means.common().empty()) {
        for (std::size_t entry = 0; entry < means.size(); ++entry) codes.push_back(holds(entry));
    } else {
        constexpr std::uint8_t kUnknown = 2;
        std::vector<std::uint8_t> known;  // each value asked once
        for (std::size_t entry = 0; entry < means.size(); ++entry) {
            const auto common = means.common()[entry];
            if (common >= known.size()) known.resize(common + std::size_t{1}, kUnknown);
            if (known[common] == kUnknown) known[common] = holds(entry);
            codes.push_back(known[common]);
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
    const auto& mask = seen();
    const auto* time = times();
    for (std::size_t i = 0; i + 1 < begins_.size(); ++i) {
        std::int64_t next = kAbsent;
        for (auto row = begins_[i + 1]; row-- > begins_[i];) {
            if (!mask[row]) continue;
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
    } else if (column == Column::group) {
        for (std::uint32_t i = 0; i + 1 < begins_.size(); ++i) {
            const auto code = kept_[i] ? selection_.members->group(member_of(i)) + 1 : 0;
            std::fill(out + begins_[i], out + begins_[i + 1], code);
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
    if (!kept.meaning && column == Column::group) {
        kept.meaning = Meaning::of_numbers(selection_.members->groups());
    } else if (!kept.meaning) {
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
