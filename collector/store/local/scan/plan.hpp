// A Question, made ready to be folded.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/measure.hpp"
#include "store/local/scan/condition.hpp"
#include "store/local/scan/domain.hpp"
#include "store/local/scan/scan.hpp"

namespace collector::store::local {

struct PreparedAttribute {
    model::Attribute::Take take = model::Attribute::Take::count;
    std::size_t where = 0;  ///< into Plan::wheres
    model::Column column = model::Column::kind;
    std::unique_ptr<Domain> domain;  ///< of first and last: the attribute is one of its numbers; else it is an integer

    /// The first attribute that takes its value of the same row.
    std::size_t row_of = 0;

    bool is_value() const { return domain != nullptr; }
};

/// A condition on an attribute.
struct UnitCondition {
    std::size_t attribute = 0;
    PreparedTest test;
};

struct PreparedField {
    bool of_unit = false;
    std::size_t attribute = 0;
    model::Column column = model::Column::kind;
    std::unique_ptr<Domain> domain;  ///< of a row's column that has codes
};

struct PreparedMeasure {
    model::Measure::Fold fold = model::Measure::Fold::count;
    PreparedField field;
    std::size_t rows = 0;  ///< into Plan::wheres
    std::vector<UnitCondition> units;
    double q = 0;
    bool of_rows = true;
    bool is_real = false;  ///< the field's values are reals
};

struct Plan {
    static constexpr std::size_t kCounted = 0;  ///< of wheres: all that is counted

    PreparedSelection selection;
    PreparedWhere counted;
    std::vector<PreparedWhere> wheres;  ///< what attributes and measures ask of rows that are counted, each once
    model::Unit unit = model::Unit::row;
    std::vector<PreparedAttribute> attributes;
    std::vector<PreparedField> groups;
    std::vector<PreparedMeasure> measures;
    bool needs_rows = false;   ///< some measure folds rows
    bool needs_units = false;  ///< some measure folds units
    bool by_session = false;   ///< what is folded of rows is told by their sessions, where the group is the same
};

/// Errors: `invalid` for a question that contradicts itself; those of the store.
pulsekit::Result<Plan> plan(const Scan& scan, const model::Question& question);

}  // namespace collector::store::local
