#include "store/local/scan/condition.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <variant>

#include "model/event.hpp"
#include "store/local/scan/traits.hpp"

namespace collector::store::local {
namespace {

using model::Column;
using model::Condition;
using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

/// Where the numbers of the column's texts are.
Space space_of(Column column) {
    switch (column) {
        case Column::visitor: return Space::visitor;
        case Column::session: return Space::session;
        case Column::user: return Space::user;
        default: return Space::word;
    }
}

template <typename T>
bool has(const std::vector<T>& values, const T& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

template <typename T>
bool reaches(const std::vector<T>& bounds, const T& value) {
    return std::any_of(bounds.begin(), bounds.end(), [&](const T& bound) { return value >= bound; });
}

bool begins(const std::vector<std::string>& prefixes, std::string_view text) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return text.starts_with(prefix); });
}

}  // namespace

bool PreparedTest::holds_integer(std::int64_t value) const {
    switch (test) {
        case Condition::Test::present: return true;
        case Condition::Test::one_of: return has(integers, value);
        case Condition::Test::at_least: return reaches(reals, static_cast<double>(value));
        default: return false;
    }
}

void PreparedTest::narrow(Mask& mask, const std::vector<std::int64_t>& values) const {
    if (test == Condition::Test::one_of && integers.size() == 1) {
        const auto wanted = integers[0];
        for (std::size_t i = 0; i < mask.size(); ++i) mask[i] &= values[i] == wanted;
    } else {
        for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = mask[i] && holds_integer(values[i]);
    }
}

bool PreparedTest::holds(Texts& texts_of, Entries are, std::int64_t value, std::string_view text) const {
    if (test == Condition::Test::present) return true;
    switch (are) {
        case Entries::integers: return holds_integer(value);
        case Entries::reals: {
            const auto real = std::bit_cast<double>(value);
            return test == Condition::Test::one_of ? has(reals, real)
                                                   : test == Condition::Test::at_least && reaches(reals, real);
        }
        case Entries::numbers:
            if (test == Condition::Test::one_of) return has(numbers, value);
            return test == Condition::Test::prefix && begins(texts, texts_of.text(value));
        case Entries::texts:
            if (test == Condition::Test::one_of) return has(texts, std::string(text));
            return test == Condition::Test::prefix && begins(texts, text);
        case Entries::contexts: return false;
    }
    return false;
}

Result<PreparedTest> prepare(const Scan& scan, Condition::Test test, const std::vector<model::Value>& values,
                             std::optional<Column> column) {
    PreparedTest made{.test = test};
    if (test == Condition::Test::trait) {
        auto visitors = visitors_with_trait(scan, values);
        if (!visitors) return std::move(visitors).error();
        made.visitors = std::move(*visitors);
        return made;
    }
    for (const auto& value : values) {
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            made.integers.push_back(*integer);
            made.reals.push_back(static_cast<double>(*integer));
        } else if (const auto* real = std::get_if<double>(&value)) {
            made.reals.push_back(*real);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            made.texts.push_back(*text);
            if (!column) continue;
            const auto number = scan.dictionary.find(scan.project, space_of(*column), *text);
            if (!number) return number.error();
            if (*number >= 0) made.numbers.push_back(*number);
        }
    }
    return made;
}

Result<PreparedWhere> prepare(const Scan& scan, const model::Where& where) {
    PreparedWhere made;
    for (const auto& condition : where) {
        if (condition.field.of != model::Field::Of::row) {
            return Error{ErrorCode::invalid, "a row has no attributes"};
        }
        if (!is_coded(condition.field.column)) {
            return Error{ErrorCode::invalid, "rows cannot be chosen by time or next_gap"};
        }
        if (condition.field.column == Column::group && scan.of.members.empty()) {
            return Error{ErrorCode::invalid, "only members are in a group"};
        }
        auto test = prepare(scan, condition.test, condition.values, condition.field.column);
        if (!test) return std::move(test).error();
        made.push_back({condition.field.column, std::move(*test)});
    }
    return made;
}

Result<PreparedSelection> prepare(const Scan& scan) {
    PreparedSelection made{.range = scan.of.range, .judged = scan.of.range, .seen = {}, .filters = {}, .members = {}};
    auto seen = prepare(scan, scan.of.seen);
    if (!seen) return std::move(seen).error();
    made.seen = std::move(*seen);
    for (const auto& filter : scan.of.filters) {
        const auto column = filter.of_session.field.column;
        auto where = prepare(scan, filter.of_session.where);
        if (!where) return std::move(where).error();
        auto test = prepare(scan, filter.test, filter.values, column);
        if (!test) return std::move(test).error();
        made.filters.push_back({filter.of_session.take, std::move(*where), {column, std::move(*test)}});
    }
    if (scan.of.members.empty()) return made;
    auto members = Members::of(scan);
    if (!members) return std::move(members).error();
    made.members = std::move(*members);
    return made;
}

}  // namespace collector::store::local
