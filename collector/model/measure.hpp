// The query algebra: what a report may ask and what every store must answer.
//
// A question sees rows of one project in a closed range of time, of the sessions that its filters keep, of the visitors
// that it names if it names any, and nothing else. The rows it counts fold into a unit (the row itself, its session or
// its visitor), which takes its attributes from its rows; units, or the rows of units, fold into groups with measures;
// groups are ordered and paged. Funnel, Retention, Flow and List are shapes of their own. Answers are exact, and every
// number is a count, a sum or a value of a row: ratios and rounding belong to the report.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/event.hpp"

namespace collector::model {

/// Milliseconds since 1970, both ends included.
struct TimeRange {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;
};

/// What a row offers; absent is null. Rows order by (time, event_id bytes) wherever order matters.
enum class Column {
    kind,         ///< integer, Kind
    time,         ///< integer, ms
    day,          ///< integer, days since 1970 in UTC: derived from time
    week,         ///< integer, the day of that week's Monday
    month,        ///< integer, the first day of that month
    name,         ///< text
    path,         ///< text
    visitor,      ///< text
    session,      ///< text
    user,         ///< text
    interaction,  ///< integer 0 or 1
    next_gap,     ///< integer, ms to the next row of the same session that the question sees; null for its last
    group,        ///< integer, Member::group of the row's visitor; of a selection that names visitors alone
    app_version,  ///< text, like all down to country
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    browser,
    browser_version,
    os,
    os_version,
    device_type,
    country,
    tagged,          ///< integer 1 when the row has any of the five utm values, else null
    source,          ///< text, where the row was referred from: a host; null for the selection's own
    revenue,         ///< real
    error_message,   ///< text
    click_x,         ///< real
    click_y,         ///< real
    selector,        ///< text
    viewport_width,  ///< integer
    depth,           ///< real, percent
    query,           ///< text
    results_count,   ///< integer
    link,            ///< text, the url of an outlink
    lcp,             ///< real, ms, like the next three and ttfb
    fcp,
    inp,
    ttfb,
    cls,  ///< real, without unit
};

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  ///< monostate is null

/// One column of a row, or one attribute of a unit (by its index among the attributes).
struct Field {
    enum class Of { row, unit } of = Of::row;
    Column column = Column::kind;
    std::size_t attribute = 0;

    bool operator==(const Field&) const = default;

    Field(Column row_column) : column(row_column) {}  // NOLINT(google-explicit-constructor)
    static Field of_unit(std::size_t attribute) {
        Field field(Column::kind);
        field.of = Of::unit;
        field.attribute = attribute;
        return field;
    }
};

/// What a field must be. Null is nothing but absent.
struct Condition {
    enum class Test {
        present,   ///< not null; takes no values
        absent,    ///< null; takes no values
        one_of,    ///< equal to one of the values
        prefix,    ///< a text that begins with one of the values
        at_least,  ///< a number, not less than the value
        trait,     ///< for visitor: the latest `identify` row, up to the range's end, whose traits have the member
                   ///< values[0] gives it the value values[1] (as text: 5, true and "5" are told apart by no one)
    };
    Field field;
    Test test = Test::present;
    std::vector<Value> values;

    bool operator==(const Condition&) const = default;
};
using Where = std::vector<Condition>;  ///< all must hold; empty always holds

enum class Unit { row, session, visitor };

/// What a unit takes from those of its rows that satisfy `where`.
struct Attribute {
    enum class Take {
        count,  ///< how many rows
        any,    ///< 1 when there is such a row, else 0
        span,   ///< latest minus earliest time, ms; 0 for a single row or none
        first,  ///< `field` of the earliest row, which may be null; null when there is none
        last,   ///< `field` of the latest row
    } take = Take::count;
    Where where;
    Field field = Column::kind;  ///< for first and last
};

/// Keeps the sessions whose attribute, taken from their rows in range, satisfies the condition; its field is ignored.
struct Filter {
    Attribute of_session;
    Condition::Test test = Condition::Test::present;
    std::vector<Value> values;
};

/// A visitor whose rows exist from an instant on, in a group with others: a variant of an experiment, for instance.
struct Member {
    std::string visitor;
    std::int64_t from_ms = 0;
    std::uint32_t group = 0;
};

/// Which rows exist for a question.
struct Selection {
    std::string project_id;
    TimeRange range;
    Where seen;                   ///< by columns of the row alone, not next_gap
    std::vector<Filter> filters;  ///< all must hold
    std::string own_host;         ///< a source equal to it is null; empty: none is
    /// Empty: all visitors; else these alone, each named once. A session is then what one of them did in it: one that
    /// several took part in is as many. Filters keep it by all of its rows in range, whoever's, from whenever.
    std::vector<Member> members;
};

struct Measure {
    enum class Fold {
        count,     ///< rows or units
        distinct,  ///< different non-null values of `field`
        sum,       ///< of non-null values of `field`; an integer for integers, else a real
        present,   ///< how many values of `field` are not null
        least,     ///< of `field`; null when there is none
        greatest,  ///< likewise
        quantile,  ///< of `field`, at `q`: linear between closest ranks, position (n - 1) q; null when there is none
    } fold = Fold::count;
    Field field = Column::kind;  ///< unused by count
    Where where;                 ///< only these rows or units are folded
    double q = 0;
    bool of_rows = false;  ///< in a question about units: folds their rows in place of them, which know their units
};

struct Order {
    enum class By { group, measure } by = By::measure;
    std::size_t index = 0;  ///< into Question::group_by or Question::measures
    bool descending = true;
};

struct Page {
    std::int64_t limit = -1;  ///< negative: no limit
    std::int64_t offset = 0;
};

struct Question {
    Selection of;
    Where counted;  ///< which of the rows fold into units
    Unit unit = Unit::row;
    std::vector<Attribute> attributes;  ///< when unit is not row
    std::vector<Field> group_by;        ///< none: one group, answered even when nothing is counted
    std::vector<Measure> measures;      ///< of units' attributes, unless of_rows. A group by a row's column takes
                                        ///< measures of rows alone
    std::vector<Order> order;           ///< texts by their UTF-8 bytes; null comes first
    Page page;
};

/// How many visitors have rows that satisfy the steps one after the other, in whatever sessions; a row serves one step,
/// and each step takes the earliest that follows. One row a step: [visitors].
struct Funnel {
    Selection of;
    std::vector<Where> steps;
};

/// Visitors by when they were first active: the cohorts of those whose first active row ever lies in the range, and how
/// many of each were active on the day that lies `days[i]` days after their own first one, in the range or not. Filters
/// keep sessions by their rows in range. Rows by cohort: [cohort, visitors, returned after days[0], ...].
struct Retention {
    Selection of;
    Where active;
    Column cohort = Column::week;  ///< day, week or month
    std::vector<int> days;
};

/// Where visitors went from, or came to, a page: of each visitor's earliest row of `from`, the nearest row after it (or
/// before it) in its session that is `among` and has another path. Rows: [path, visitors], most visitors first, then by
/// path; the one with null, for those who went nowhere, comes last and is not counted by the limit. The total is that
/// of the visitors.
struct Flow {
    Selection of;
    Where from;
    Where among;
    bool backward = false;
    std::int64_t limit = -1;
};

using AnyQuestion = std::variant<Question, Funnel, Retention, Flow>;

/// One row a group: the values of group_by, then the measures.
struct Answer {
    std::vector<std::vector<Value>> rows;
    std::int64_t total = 0;  ///< groups before paging; for Flow, visitors
};

/// Whole events, newest first, equal times by their ids, descending.
struct List {
    Selection of;
    Where counted;
    Page page;
};

}  // namespace collector::model
