// The query algebra: what a report may ask and what every store must answer.
//
// A question sees rows of one project in a closed range of time and nothing else. The rows it counts fold into a unit
// (the row itself, or its session), which takes its attributes from its rows; units fold into groups with measures;
// groups are ordered and paged. Answers are exact, and every number is an integer count, an exact sum or a value of a
// row: ratios and rounding belong to the report.
#pragma once

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

/// What a row offers. Rows order by (time, event_id bytes) wherever order matters.
enum class Column {
    kind,         ///< integer, Kind
    time,         ///< integer, ms
    day,          ///< integer, days since 1970 in UTC: derived from time
    name,         ///< text
    path,         ///< text, null when absent
    visitor,      ///< text
    session,      ///< text
    interaction,  ///< integer 0 or 1
    next_gap,     ///< integer, ms to the next row of the same session that the question sees; null for its last
};

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  ///< monostate is null

/// One column of a row, or one attribute of a unit (by its index in Question::attributes).
struct Field {
    enum class Of { row, unit } of = Of::row;
    Column column = Column::kind;
    std::size_t attribute = 0;

    Field(Column row_column) : column(row_column) {}  // NOLINT(google-explicit-constructor)
    static Field of_unit(std::size_t attribute) {
        Field field(Column::kind);
        field.of = Of::unit;
        field.attribute = attribute;
        return field;
    }
};

/// The field equals one of the values; without values: it is not null.
struct Condition {
    Field field;
    std::vector<Value> any_of;
};
using Where = std::vector<Condition>;  ///< all must hold; empty always holds

enum class Unit { row, session };

/// What a unit takes from those of its rows that satisfy `where`.
struct Attribute {
    enum class Take {
        count,  ///< how many rows
        any,    ///< 1 when there is such a row, else 0
        span,   ///< latest minus earliest time, ms; 0 for a single row or none
    } take = Take::count;
    Where where;
};

struct Measure {
    enum class Fold {
        count,     ///< rows or units
        distinct,  ///< different non-null values of `field`
        sum,       ///< of non-null values of `field`
        present,   ///< how many values of `field` are not null
    } fold = Fold::count;
    Field field = Column::kind;  ///< unused by count
    Where where;                 ///< only these rows or units are folded
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
    std::string project_id;
    TimeRange range;
    Where seen;     ///< which rows exist for this question: next_gap looks at these
    Where counted;  ///< which of them fold into units
    Unit unit = Unit::row;
    std::vector<Attribute> attributes;  ///< when unit is not row; groups and measures then take units' fields alone
    std::vector<Field> group_by;        ///< none: one group, answered even when no row is counted
    std::vector<Measure> measures;
    std::vector<Order> order;  ///< texts by their UTF-8 bytes
    Page page;
};

/// One row a group: the values of group_by, then the measures.
struct Answer {
    std::vector<std::vector<Value>> rows;
    std::int64_t total_groups = 0;  ///< before paging
};

}  // namespace collector::model
