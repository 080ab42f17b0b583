#include "store/local/compile.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "store/local/dictionary.hpp"
#include "store/local/event_id.hpp"

namespace collector::store::local {
namespace {

using model::Attribute;
using model::Column;
using model::Condition;
using model::Field;
using model::Measure;
using model::Order;
using model::Question;
using model::Unit;
using model::Value;
using model::Where;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

std::string_view name_of(Column column) {
    switch (column) {
        case Column::kind: return "kind";
        case Column::time: return "ts_ms";
        case Column::day: return "day";
        case Column::name: return "name";
        case Column::path: return "path";
        case Column::visitor: return "visitor";
        case Column::session: return "session";
        case Column::interaction: return "interaction";
        case Column::next_gap: return "next_gap";
    }
    return "null";
}

/// Where the texts of the column are; nothing for a column of numbers.
std::optional<Space> space_of(Column column) {
    switch (column) {
        case Column::name:
        case Column::path: return Space::word;
        case Column::visitor: return Space::visitor;
        case Column::session: return Space::session;
        default: return std::nullopt;
    }
}

// Rounded down also before 1970.
constexpr std::string_view kDay = "(ts_ms - ((ts_ms % 86400000) + 86400000) % 86400000) / 86400000 AS day";

std::string next_gap() {
    return "lead(ts_ms) OVER (PARTITION BY session ORDER BY ts_ms, " + event_id_sql("event_id") +
           ") - ts_ms AS next_gap";
}

/// A question becomes up to three steps, each a table expression: r (the rows it sees), u (its units) and g (its
/// groups); then texts take the place of their numbers, and the page is cut.
class Compiler {
public:
    Compiler(const Question& question, const Dictionary& texts) : question_(question), texts_(texts) {
        project_ = number_of(kNoProject, Space::project, question.project_id);
    }

    Result<Compiled> run() {
        std::string with = "WITH " + rows();
        if (question_.unit == Unit::session) with += ", " + units();
        with += ", " + groups();
        std::string page = with + " " + paged();
        if (error_) return std::move(*error_);
        return Compiled{std::move(page), std::move(with) + " SELECT count(*) FROM g", std::move(values_)};
    }

private:
    std::string rows() {
        std::string sql = "r AS (SELECT kind, ts_ms, name, path, visitor, session, interaction, " + std::string(kDay);
        if (asks_for(Column::next_gap)) sql += ", " + next_gap();
        sql += " FROM events WHERE project = " + bind(project_) + " AND ts_ms BETWEEN " +
               bind(question_.range.from_ms) + " AND " + bind(question_.range.to_ms) + " AND bot = 0";
        for (const auto& condition : question_.seen) {
            if (is(condition.field, Column::next_gap)) fail("what a question sees cannot depend on the rows it sees");
        }
        if (!question_.seen.empty()) sql += " AND " + all_of(question_.seen, Unit::row);
        return sql + ")";
    }

    std::string units() {
        std::string sql = "u AS (SELECT session";
        for (std::size_t i = 0; i < question_.attributes.size(); ++i) {
            sql += ", " + attribute(question_.attributes[i]) + " AS a" + std::to_string(i);
        }
        return sql + " FROM r WHERE " + all_of(question_.counted, Unit::row) + " GROUP BY session)";
    }

    std::string attribute(const Attribute& attribute) {
        const std::string where = all_of(attribute.where, Unit::row);
        const std::string time = "CASE WHEN " + where + " THEN ts_ms END";
        switch (attribute.take) {
            case Attribute::Take::count: return "count(CASE WHEN " + where + " THEN 1 END)";
            case Attribute::Take::any: return "max(CASE WHEN " + where + " THEN 1 ELSE 0 END)";
            case Attribute::Take::span: return "coalesce(max(" + time + ") - min(" + time + "), 0)";
        }
        return "null";
    }

    std::string groups() {
        std::string columns;
        std::string keys;
        for (std::size_t i = 0; i < question_.group_by.size(); ++i) {
            const std::string key = "k" + std::to_string(i);
            columns += (i ? ", " : "") + field(question_.group_by[i], question_.unit) + " AS " + key;
            keys += (i ? ", " : " GROUP BY ") + key;
        }
        for (std::size_t i = 0; i < question_.measures.size(); ++i) {
            if (!columns.empty()) columns += ", ";
            columns += measure(question_.measures[i]) + " AS m" + std::to_string(i);
        }
        if (columns.empty()) fail("a question needs a group or a measure");
        const bool of_rows = question_.unit == Unit::row;
        return "g AS (SELECT " + columns + " FROM " + (of_rows ? "r" : "u") +
               (of_rows ? " WHERE " + all_of(question_.counted, Unit::row) : "") + keys + ")";
    }

    std::string measure(const Measure& measure) {
        const std::string where = all_of(measure.where, question_.unit);
        if (measure.fold == Measure::Fold::count) return "count(CASE WHEN " + where + " THEN 1 END)";
        const std::string value = "CASE WHEN " + where + " THEN " + field(measure.field, question_.unit) + " END";
        switch (measure.fold) {
            case Measure::Fold::distinct: return "count(DISTINCT " + value + ")";
            case Measure::Fold::sum: return "coalesce(sum(" + value + "), 0)";
            default: return "count(" + value + ")";
        }
    }

    std::string paged() {
        std::string columns;
        std::string from = " FROM g";
        for (std::size_t i = 0; i < question_.group_by.size(); ++i) {
            const std::string index = std::to_string(i);
            columns += (i ? ", " : "") + key(i);
            if (!is_text(question_.group_by[i])) continue;
            from += " LEFT JOIN event_texts AS t" + index + " ON t" + index + ".id = g.k" + index;
        }
        for (std::size_t i = 0; i < question_.measures.size(); ++i) {
            columns += (columns.empty() ? "g.m" : ", g.m") + std::to_string(i);
        }
        std::string order;
        for (const auto& by : question_.order) order += (order.empty() ? " ORDER BY " : ", ") + ordering(by);
        return "SELECT " + columns + from + order + " LIMIT " + bind(question_.page.limit) + " OFFSET " +
               bind(question_.page.offset);
    }

    std::string ordering(const Order& by) {
        const bool group = by.by == Order::By::group;
        if (by.index >= (group ? question_.group_by.size() : question_.measures.size())) {
            fail("an order names a group or measure that the question lacks");
            return "null";
        }
        return (group ? key(by.index) : "g.m" + std::to_string(by.index)) + (by.descending ? " DESC" : " ASC");
    }

    /// What a group is called in the answer.
    std::string key(std::size_t index) const {
        const std::string number = std::to_string(index);
        return is_text(question_.group_by[index]) ? "t" + number + ".text" : "g.k" + number;
    }

    static bool is_text(const Field& field) { return field.of == Field::Of::row && space_of(field.column); }

    std::string field(const Field& field, Unit of) {
        if (field.of == Field::Of::row) {
            if (of != Unit::row) fail("a unit is asked for a row's field");
            return std::string(name_of(field.column));
        }
        if (of == Unit::row || field.attribute >= question_.attributes.size()) fail("a unit lacks the attribute");
        return "a" + std::to_string(field.attribute);
    }

    std::string all_of(const Where& where, Unit of) {
        if (where.empty()) return "1";
        std::string sql;
        for (const auto& condition : where) sql += (sql.empty() ? "" : " AND ") + one_of(condition, of);
        return sql;
    }

    std::string one_of(const Condition& condition, Unit of) {
        const std::string left = field(condition.field, of);
        if (condition.any_of.empty()) return left + " IS NOT NULL";
        std::string values;
        for (const auto& value : condition.any_of) {
            values += (values.empty() ? "" : ", ") +
                      bind(is_text(condition.field) ? number_of(condition.field, value) : value);
        }
        return left + " IN (" + values + ")";
    }

    /// Of a text that a field is compared with.
    Value number_of(const Field& field, const Value& value) {
        const auto* text = std::get_if<std::string>(&value);
        if (!text || project_ == kUnknown) return kUnknown;
        return number_of(project_, *space_of(field.column), *text);
    }

    std::int64_t number_of(std::int64_t project, Space space, std::string_view text) {
        auto found = texts_.find(project, space, text);
        if (!found) {
            error_ = std::move(found).error();
            return kUnknown;
        }
        return *found < 0 ? kUnknown : *found;
    }

    static bool is(const Field& field, Column column) { return field.of == Field::Of::row && field.column == column; }

    bool asks_for(Column column) const {
        for (const auto& field : question_.group_by) {
            if (is(field, column)) return true;
        }
        for (const auto& measure : question_.measures) {
            if (is(measure.field, column)) return true;
            for (const auto& condition : measure.where) {
                if (is(condition.field, column)) return true;
            }
        }
        for (const auto& condition : question_.counted) {
            if (is(condition.field, column)) return true;
        }
        return false;
    }

    std::string bind(Value value) {
        values_.push_back(std::move(value));
        return "?" + std::to_string(values_.size());
    }

    void fail(std::string_view why) {
        if (!error_) error_ = Error{ErrorCode::invalid, std::string(why)};
    }

    static constexpr std::int64_t kUnknown = 0;  // no text's number: nothing is equal to it

    const Question& question_;
    const Dictionary& texts_;
    std::int64_t project_ = kUnknown;
    std::vector<Value> values_;
    std::optional<Error> error_;
};

}  // namespace

Result<Compiled> compile(const Question& question, const Dictionary& texts) { return Compiler(question, texts).run(); }

}  // namespace collector::store::local
