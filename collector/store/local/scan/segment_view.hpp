// The rows of a segment that exist for a question, block by block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <pulsekit/result.hpp>

#include "store/local/scan/condition.hpp"
#include "store/local/scan/mask.hpp"
#include "store/local/scan/meaning.hpp"
#include "store/local/scan/scan.hpp"

namespace collector::store::local {

/// Whether single rows satisfy some conditions. For who looks at one or two rows of a session; a mask is for most.
class RowTest {
public:
    void add(const Codes& codes, const std::uint8_t* accepts) { tests_.push_back({codes, accepts}); }
    /// Of the row of the segment.
    bool holds(std::uint32_t row) const {
        return std::all_of(tests_.begin(), tests_.end(),
                           [row](const Test& test) { return test.accepts[test.codes.at(row)] != 0; });
    }

private:
    struct Test {
        Codes codes;
        const std::uint8_t* accepts;  // by code
    };
    std::vector<Test> tests_;
};

/// Blocks are some whole sessions. Where the selection names visitors, a session that several took part in is a block
/// of its own for each of them who is a member. One thread.
class SegmentView {
public:
    /// `selection` must outlive it.
    SegmentView(const Scan& scan, const PreparedSelection& selection, std::uint32_t index);

    /// Goes to the next block that has any row for the question. False: there is none, or something failed.
    bool next();
    const std::optional<pulsekit::Error>& error() const { return error_; }

    std::uint32_t index() const { return index_; }
    const LiveSegment& live() const { return live_; }
    std::uint32_t first_row() const { return first_row_; }
    std::uint32_t rows() const { return rows_; }
    /// Where in the block each of its sessions begins, and the last one ends.
    std::span<const std::uint32_t> sessions() const { return begins_; }
    std::uint32_t first_session() const { return first_session_; }
    /// Of each of them the code of its visitor, 0 when it has several.
    std::span<const std::uint32_t> session_visitors() const {
        return live_.segment->session_visitors().subspan(first_session_, begins_.size() - 1);
    }
    const Mask& seen();
    /// By the block's sessions, which of them are seen at all.
    const Mask& kept() const { return kept_; }
    /// How many of the rows that the question sees satisfy all the conditions of both, of each session. False: the
    /// sessions do not tell, their rows do.
    bool count(const PreparedWhere& where, const PreparedWhere& more, std::vector<std::uint32_t>& counts);
    RowPlace place(std::uint32_t row) const { return {time(row), index_, first_row_ + row}; }
    /// Of some rows; times() is for most of them.
    std::int64_t time(std::uint32_t row) const { return live_.segment->time(first_row_ + row); }
    /// Of rows that the question sees, in this block and any other; nothing when only masks can tell.
    std::optional<RowTest> row_test(std::initializer_list<const PreparedWhere*> wheres);
    /// The first row of a session that passes the test, or the last one.
    std::optional<std::uint32_t> first_row(std::uint32_t session, const RowTest& test) const {
        for (auto row = begins_[session]; row < begins_[session + 1]; ++row) {
            if (test.holds(first_row_ + row)) return row;
        }
        return std::nullopt;
    }
    std::optional<std::uint32_t> last_row(std::uint32_t session, const RowTest& test) const {
        for (auto row = begins_[session + 1]; row-- > begins_[session];) {
            if (test.holds(first_row_ + row)) return row;
        }
        return std::nullopt;
    }
    /// Calls `use` with a function that tells the time of a row, for loops over many.
    template <typename Use>
    void with_times(Use&& use) const {
        live_.segment->stored_times([&](const auto* all) {
            use([times = all + first_row_, base = live_.segment->header().time_base](std::uint32_t row) {
                return times[row] + base;
            });
        });
    }

    // By the block's rows, which count from 0.
    const std::int64_t* times();
    /// How long until the next row of the session that the question sees; kAbsent where there is none.
    const std::int64_t* next_gaps();
    const std::uint32_t* codes(model::Column column);
    const Meaning& meaning(model::Column column);
    /// Whether only some rows have a value of the column.
    bool is_sparse(model::Column column);
    /// The code that a time has in the columns day, week and month.
    std::uint32_t day_code(std::int64_t time) {
        if (static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(day_begin_) >= kDayMs) {
            const auto day = day_of(time);
            day_begin_ = day * kDayMs;
            day_code_ = static_cast<std::uint32_t>(day - day_of(live_.segment->header().first_ms) + 1);
        }
        return day_code_;
    }

    /// `mask` without the rows that do not satisfy the conditions.
    Mask narrowed(const Mask& mask, const PreparedWhere& where);

private:
    /// Which codes of a column satisfy a condition.
    struct Accepted {
        std::vector<std::uint8_t> codes;  ///< 1 or 0, by code
        std::vector<std::uint32_t> few;   ///< the only ones with the value `few_are`, when there are but some
        std::uint8_t few_are = 1;
        bool all = false;
        bool none = false;
    };
    const Accepted& accepted(const PreparedCondition& condition);
    struct Cached {
        std::uint32_t block = 0;  // that `codes` are of
        std::vector<std::uint32_t> codes;
        std::optional<Meaning> meaning;
    };
    Cached& cached(model::Column column) { return cached_[static_cast<std::size_t>(column)]; }
    bool load(std::uint32_t first, std::uint32_t last);
    bool keep_members();
    void note_shared(std::uint32_t session);
    void leave_members();
    /// Of the block's session, which is kept.
    std::uint32_t member_of(std::uint32_t session) const {
        return members_[only_ != 0 ? only_ : session_visitors()[session]];
    }
    static bool asks_for_classes(const PreparedWhere& where);
    std::vector<std::uint8_t> accepted_classes(std::initializer_list<const PreparedWhere*> wheres);
    Mask rows_in(const model::TimeRange& range, bool all);
    void leave_seen(Mask& mask);
    void drop_sessions(Mask& mask) const;
    void filter_sessions();
    void keep_sessions(const PreparedFilter& filter, const Mask& judged);
    void narrow(Mask& mask, const PreparedCondition& condition);
    void narrow_all(Mask& mask, std::uint8_t accepts) const;
    template <typename Code>
    static void narrow_by(Mask& mask, const Accepted& accepts, const Code* row_codes);
    void read_days(std::uint32_t* out);
    bool check(SegmentColumn column);

    const Scan& scan_;
    const PreparedSelection& selection_;
    const std::uint32_t index_;
    const LiveSegment& live_;
    const bool whole_;  // every row is in range
    /// A session of several visitors, and the code of one of them who is a member.
    struct Shared {
        std::uint32_t session;
        std::uint32_t visitor;
    };
    std::vector<std::uint32_t> members_;  // by the codes of visitors; when the selection names some
    std::vector<Shared> shared_;          // to come
    std::uint32_t only_ = 0;              // the visitor whose rows alone are in this block; 0: whoever's
    std::uint32_t next_session_ = 0;
    std::uint32_t block_ = 0;  // counts from 1
    std::uint32_t first_session_ = 0, first_row_ = 0, rows_ = 0;
    std::vector<std::uint32_t> begins_;
    const bool told_;  // how many rows of a class are seen of a session is what the segment counted
    Mask kept_;
    bool keeps_all_ = true;
    std::uint32_t seen_block_ = 0;
    Mask seen_;
    // The day that day_code() was last asked of.
    std::int64_t day_begin_ = day_of(live_.segment->header().first_ms) * kDayMs;
    std::uint32_t day_code_ = 1;
    std::uint32_t times_block_ = 0;
    std::vector<std::int64_t> times_;
    std::uint32_t gaps_block_ = 0;
    std::vector<std::int64_t> gaps_;
    std::vector<Cached> cached_;
    std::map<const PreparedCondition*, Accepted> accepted_;
    std::optional<pulsekit::Error> error_;
};

}  // namespace collector::store::local
