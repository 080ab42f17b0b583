#include "query/targets.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "query/conditions.hpp"

namespace collector::query {
namespace {

using meta::Aim;
using model::Attribute;
using model::Condition;
using model::Field;
using model::Kind;

/// The least whole number that is no less than the threshold, which is compared with milliseconds or pages.
std::int64_t at_least(double threshold) {
    constexpr double kLargest = 9e18;
    // A decimal such as 0.003 s is no more than its 3 ms, whatever a double makes of it.
    const double nearest = std::round(threshold);
    const double whole = std::abs(threshold - nearest) < 1e-6 ? nearest : std::ceil(threshold);
    return whole < kLargest ? static_cast<std::int64_t>(whole) : static_cast<std::int64_t>(kLargest);
}

}  // namespace

model::Where viewed(std::string_view path) {
    const bool begins = path.ends_with('*');
    if (begins) path.remove_suffix(1);
    return {kind_is({Kind::pageview}),
            {.field = model::Column::path,
             .test = begins ? Condition::Test::prefix : Condition::Test::one_of,
             .values = {std::string(path)}}};
}

model::Where happened(std::string_view name) {
    return {kind_is({Kind::event}), equals(model::Column::name, std::string(name))};
}

bool is_of_rows(const Aim& aim) { return aim.type == Aim::Type::pageview || aim.type == Aim::Type::event; }

model::Where reaching(const Aim& aim) {
    return aim.type == Aim::Type::event ? happened(aim.target) : viewed(aim.target);
}

/// A session reaches the goal by how long it lasts or by its pageviews; only an active one counts.
ReachingSessions sessions_reaching(const Aim& aim) {
    enum : std::size_t { is_active, size };
    const bool by_duration = aim.type == Aim::Type::duration;
    Attribute how_large{.take = Attribute::Take::span};
    if (!by_duration) how_large = {.take = Attribute::Take::count, .where = {kind_is({Kind::pageview})}};
    return {.attributes = {{.take = Attribute::Take::any, .where = {active()}}, std::move(how_large)},
            .conditions = {equals(Field::of_unit(is_active), std::int64_t{1}),
                           {.field = Field::of_unit(size),
                            .test = Condition::Test::at_least,
                            .values = {at_least(by_duration ? aim.threshold * 1000 : aim.threshold)}}}};
}

}  // namespace collector::query
