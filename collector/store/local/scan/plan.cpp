#include "store/local/scan/plan.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace collector::store::local {
namespace {

using model::Attribute;
using model::Column;
using model::Field;
using model::Measure;
using model::Order;
using model::Question;
using model::Unit;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

Error contradiction(const char* what) { return Error{ErrorCode::invalid, what}; }

bool is_real(Column column) {
    const auto* stored = stored_as(column);
    return stored && entries_of(stored->column) == Entries::reals;
}
bool is_number(Column column) {
    if (!is_coded(column) || is_real(column)) return true;
    const auto* stored = stored_as(column);
    return !stored || (entries_of(stored->column) == Entries::integers);
}

/// Without members nobody is in a group; with them, a session is what one visitor did in it.
std::optional<Error> contradiction_of_members(const Question& question) {
    const bool has_members = !question.of.members.empty();
    const auto is_group = [](const Field& field) {
        return field.of == Field::Of::row && field.column == Column::group;
    };
    const auto is_of_group = [&](const auto& one) { return is_group(one.field); };
    const auto counts_sessions = [](const Measure& measure) {
        return measure.fold == Measure::Fold::distinct && measure.field == Field(Column::session);
    };
    const auto& [attributes, groups, measures] = std::tie(question.attributes, question.group_by, question.measures);
    const bool asks_for_group = std::any_of(groups.begin(), groups.end(), is_group) ||
                                std::any_of(attributes.begin(), attributes.end(), is_of_group) ||
                                std::any_of(measures.begin(), measures.end(), is_of_group);
    if (!has_members && asks_for_group) return contradiction("only members are in a group");
    if (has_members && std::any_of(measures.begin(), measures.end(), counts_sessions)) {
        return contradiction("the sessions of members have no names");
    }
    return std::nullopt;
}

/// What contradicts itself whatever the data are.
std::optional<Error> contradiction_in(const Question& question) {
    const bool of_units = question.unit != Unit::row;
    const auto unknown = [&](const Field& field) {
        return field.of == Field::Of::unit && (!of_units || field.attribute >= question.attributes.size());
    };
    if (question.group_by.empty() && question.measures.empty()) {
        return contradiction("a question needs a group or a measure");
    }
    bool groups_rows = !of_units;
    for (const auto& field : question.group_by) {
        if (unknown(field)) return contradiction("a unit lacks the attribute");
        if (field.of == Field::Of::unit) {
            const auto take = question.attributes[field.attribute].take;
            if (take != Attribute::Take::first && take != Attribute::Take::last) {
                return contradiction("units are grouped by values that they take");
            }
        }
        if (field.of == Field::Of::row) groups_rows = true;
        if (field.of == Field::Of::row && !is_coded(field.column)) {
            return contradiction("time and next_gap are no groups");
        }
    }
    for (const auto& measure : question.measures) {
        const bool of_rows = !of_units || measure.of_rows;
        if (!of_rows && groups_rows) return contradiction("units cannot be counted by a column of their rows");
        if (question.unit == Unit::visitor && of_rows) return contradiction("a visitor's rows are not folded");
        if (measure.fold != Measure::Fold::count) {
            if (unknown(measure.field)) return contradiction("a unit lacks the attribute");
            if (!of_rows && measure.field.of == Field::Of::row) return contradiction("a unit has no columns");
        }
        for (const auto& condition : measure.where) {
            if (unknown(condition.field)) return contradiction("a unit lacks the attribute");
            if (!of_rows && condition.field.of == Field::Of::row) return contradiction("a unit has no columns");
        }
    }
    if (question.unit == Unit::visitor && groups_rows) return contradiction("a visitor's rows are not folded");
    for (const auto& order : question.order) {
        const auto size = order.by == Order::By::group ? question.group_by.size() : question.measures.size();
        if (order.index >= size) return contradiction("an order by what is not answered");
    }
    return std::nullopt;
}

Result<PreparedField> prepare_field(const Field& field, bool with_domain) {
    PreparedField made{.of_unit = field.of == Field::Of::unit, .attribute = field.attribute, .column = field.column};
    if (!made.of_unit && with_domain) made.domain = std::make_unique<Domain>();
    return made;
}

/// The conditions of a question, each prepared once.
class Wheres {
public:
    explicit Wheres(const Scan& scan) : scan_(scan), known_(1), prepared_(1) {}

    Result<std::size_t> index_of(const model::Where& where) {
        const auto found = std::find(known_.begin(), known_.end(), where);
        const auto index = static_cast<std::size_t>(found - known_.begin());
        if (found != known_.end()) return index;
        auto prepared = prepare(scan_, where);
        if (!prepared) return std::move(prepared).error();
        known_.push_back(where);
        prepared_.push_back(std::move(*prepared));
        return index;
    }
    std::vector<PreparedWhere> take() { return std::move(prepared_); }

private:
    const Scan& scan_;
    std::vector<model::Where> known_;  // the first is empty: all that is counted
    std::vector<PreparedWhere> prepared_;
};

Result<PreparedMeasure> prepare_measure(const Scan& scan, Wheres& wheres, const Question& question,
                                        const Measure& measure) {
    PreparedMeasure made{.fold = measure.fold, .q = measure.q};
    made.of_rows = question.unit == Unit::row || measure.of_rows;
    const bool is_distinct = measure.fold == Measure::Fold::distinct;
    auto field = prepare_field(measure.field, is_distinct && is_coded(measure.field.column));
    if (!field) return std::move(field).error();
    made.field = std::move(*field);
    const bool takes_numbers =
        measure.fold != Measure::Fold::count && !is_distinct && measure.fold != Measure::Fold::present;
    if (made.field.of_unit) {
        const auto take = question.attributes[made.field.attribute].take;
        const bool is_value = take == Attribute::Take::first || take == Attribute::Take::last;
        if (!is_distinct && measure.fold != Measure::Fold::count && is_value) {
            return contradiction("a value that was taken is not folded as a number");
        }
        if (is_distinct && !is_value) return contradiction("different numbers are not counted");
    } else {
        if (takes_numbers && !is_number(made.field.column)) return contradiction("a text is not folded as a number");
        if (is_distinct && !is_coded(made.field.column)) return contradiction("different times are not counted");
        made.is_real = is_real(made.field.column);
    }
    model::Where of_row;
    for (const auto& condition : measure.where) {
        if (condition.field.of == Field::Of::row) {
            of_row.push_back(condition);
            continue;
        }
        const auto& attribute = question.attributes[condition.field.attribute];
        auto test = prepare(scan, condition.test, condition.values, attribute.field.column);
        if (!test) return std::move(test).error();
        made.units.push_back({condition.field.attribute, std::move(*test)});
    }
    const auto rows = wheres.index_of(of_row);
    if (!rows) return rows.error();
    made.rows = *rows;
    return made;
}

/// Counts, and different visitors and sessions: by no group, by an attribute of the session, or by a period, in which
/// most sessions are as a whole.
bool told_by_sessions(const Plan& plan) {
    const auto is_of_session = [](const PreparedField& group) {
        return group.of_unit || group.column == Column::day || group.column == Column::week ||
               group.column == Column::month;
    };
    const auto is_told = [](const PreparedMeasure& measure) {
        if (!measure.of_rows || measure.fold == Measure::Fold::count) return true;
        return measure.fold == Measure::Fold::distinct && !measure.field.of_unit &&
               (measure.field.column == Column::visitor || measure.field.column == Column::session);
    };
    return plan.groups.size() <= 1 && std::all_of(plan.groups.begin(), plan.groups.end(), is_of_session) &&
           std::all_of(plan.measures.begin(), plan.measures.end(), is_told);
}

}  // namespace

Result<Plan> plan(const Scan& scan, const Question& question) {
    if (auto error = contradiction_in(question)) return std::move(*error);
    if (auto error = contradiction_of_members(question)) return std::move(*error);
    Plan made;
    made.unit = question.unit;
    auto selection = prepare(scan);
    if (!selection) return std::move(selection).error();
    made.selection = std::move(*selection);
    auto counted = prepare(scan, question.counted);
    if (!counted) return std::move(counted).error();
    made.counted = std::move(*counted);
    Wheres wheres(scan);
    for (const auto& attribute : question.attributes) {
        const auto where = wheres.index_of(attribute.where);
        if (!where) return where.error();
        const bool is_value = attribute.take == Attribute::Take::first || attribute.take == Attribute::Take::last;
        if (is_value && (attribute.field.of == Field::Of::unit || !is_coded(attribute.field.column))) {
            return contradiction("only columns with values of their own are taken");
        }
        const auto same = std::find_if(question.attributes.begin(), question.attributes.end(), [&](const auto& other) {
            return other.take == attribute.take && other.where == attribute.where;
        });
        if (attribute.take == Attribute::Take::last) made.selection.newest_first = true;
        made.attributes.push_back({attribute.take, *where, attribute.field.column,
                                   is_value ? std::make_unique<Domain>() : nullptr,
                                   static_cast<std::size_t>(same - question.attributes.begin())});
    }
    for (const auto& field : question.group_by) {
        auto prepared = prepare_field(field, true);
        if (!prepared) return std::move(prepared).error();
        made.groups.push_back(std::move(*prepared));
    }
    for (const auto& measure : question.measures) {
        auto prepared = prepare_measure(scan, wheres, question, measure);
        if (!prepared) return std::move(prepared).error();
        (prepared->of_rows ? made.needs_rows : made.needs_units) = true;
        made.measures.push_back(std::move(*prepared));
    }
    made.wheres = wheres.take();
    made.by_session = told_by_sessions(made);
    if (made.measures.empty()) (question.unit == Unit::row ? made.needs_rows : made.needs_units) = true;
    return made;
}

}  // namespace collector::store::local
