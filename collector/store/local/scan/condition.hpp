// Conditions of a question, made ready: what they compare with is looked up once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

#include "model/measure.hpp"
#include "store/local/scan/mask.hpp"
#include "store/local/scan/meaning.hpp"
#include "store/local/scan/members.hpp"
#include "store/local/scan/scan.hpp"

namespace collector::store::local {

/// A condition on a value, whatever it is of.
struct PreparedTest {
    model::Condition::Test test = model::Condition::Test::present;
    std::vector<std::int64_t> integers;
    std::vector<double> reals;
    std::vector<std::string> texts;
    std::vector<std::int64_t> numbers;  ///< of the texts; those that no row has are left out
    std::vector<bool> visitors;         ///< for trait: by the visitor's number in the project, whether it has it

    bool holds_null() const { return test == model::Condition::Test::absent; }
    /// Of a value that is not null: `text` for Entries::texts, else `value`.
    bool holds(Texts& texts_of, Entries are, std::int64_t value, std::string_view text) const;
    bool holds_integer(std::int64_t value) const;
    /// Of many: leaves those for which it holds.
    void narrow(Mask& mask, const std::vector<std::int64_t>& values) const;
};

struct PreparedCondition {
    model::Column column = model::Column::kind;
    PreparedTest test;
};
using PreparedWhere = std::vector<PreparedCondition>;

struct PreparedFilter {
    model::Attribute::Take take = model::Attribute::Take::any;
    PreparedWhere where;
    PreparedCondition value;  ///< of the column taken, or of a number
};

/// A selection, but for its project.
struct PreparedSelection {
    model::TimeRange range;
    model::TimeRange judged;  ///< the rows by which filters keep a session
    PreparedWhere seen;
    std::vector<PreparedFilter> filters;
    std::optional<Members> members;  ///< nothing: all visitors
    /// In which order segments are looked at: what takes the latest row of each visitor replaces fewer so.
    bool newest_first = false;
};

/// Errors: `invalid` for a condition that cannot be asked of a row; those of the store.
pulsekit::Result<PreparedTest> prepare(const Scan& scan, model::Condition::Test test,
                                       const std::vector<model::Value>& values, std::optional<model::Column> column);
pulsekit::Result<PreparedWhere> prepare(const Scan& scan, const model::Where& where);
pulsekit::Result<PreparedSelection> prepare(const Scan& scan);

}  // namespace collector::store::local
