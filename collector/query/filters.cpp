#include "query/filters.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "model/source.hpp"
#include "model/text.hpp"
#include "query/conditions.hpp"
#include "query/params.hpp"

namespace collector::query {
namespace {

using model::Attribute;
using model::Column;
using model::Condition;
using model::Filter;
using pulsekit::Result;
using Filters = std::vector<Filter>;

Filter has_row(model::Where where) {
    return {.of_session = {.take = Attribute::Take::any, .where = std::move(where)},
            .test = Condition::Test::one_of,
            .values = {std::int64_t{1}}};
}

Filters row(Column column, std::string_view value) { return {has_row({equals(column, std::string(value))})}; }

/// The value may end in `*`: whatever begins so.
Filters row_or_prefix(Column column, std::string_view value) {
    if (!value.ends_with('*')) return row(column, value);
    value.remove_suffix(1);
    return {has_row({{.field = column, .test = Condition::Test::prefix, .values = {std::string(value)}}})};
}

/// As sent, or as most clients write it: in lower case, where reports show `Desktop`.
Filters device_type(Column column, std::string_view value) {
    return {has_row(
        {{.field = column, .test = Condition::Test::one_of, .values = {std::string(value), model::lower(value)}}})};
}

Filters country(Column column, std::string_view value) { return row(column, model::upper(value)); }

Filters campaign(Column column, std::string_view value) {
    return {{.of_session = campaign_value(column), .test = Condition::Test::one_of, .values = {std::string(value)}}};
}

/// A session comes from where its first pageview does; one without a pageview comes from nowhere, not even directly.
Filters source(Column column, std::string_view value) {
    const Attribute first{.take = Attribute::Take::first, .where = {kind_is({model::Kind::pageview})}, .field = column};
    if (value != kDirect) {
        return {{.of_session = first, .test = Condition::Test::one_of, .values = {model::source_of(value)}}};
    }
    return {has_row({kind_is({model::Kind::pageview})}), {.of_session = first, .test = Condition::Test::absent}};
}

struct Dimension {
    std::string_view name;
    Column column;
    Filters (*filters)(Column column, std::string_view value);
};
constexpr Dimension kDimensions[] = {{"path", Column::path, row_or_prefix},
                                     {"name", Column::name, row_or_prefix},
                                     {"source", Column::source, source},
                                     {"country", Column::country, country},
                                     {"browser", Column::browser, row},
                                     {"os", Column::os, row},
                                     {"device_type", Column::device_type, device_type},
                                     {"utm_source", Column::utm_source, campaign},
                                     {"utm_medium", Column::utm_medium, campaign},
                                     {"utm_campaign", Column::utm_campaign, campaign},
                                     {"app_version", Column::app_version, row},
                                     {"user_id", Column::user, row}};

constexpr std::string_view kTrait = "trait.";

Filters trait(std::string_view name, std::string_view value) {
    return {has_row({{.field = Column::visitor,
                      .test = Condition::Test::trait,
                      .values = {std::string(name), std::string(value)}}})};
}

Result<Filters> parse_filter(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return bad_value("filter", "must be <dimension>:<value>");
    const auto name = text.substr(0, colon);
    const auto value = text.substr(colon + 1);
    if (value.empty()) return bad_value("filter", "the value must not be empty");
    if (name.starts_with(kTrait) && name != kTrait) return trait(name.substr(kTrait.size()), value);
    const auto* found = std::find_if(std::begin(kDimensions), std::end(kDimensions),
                                     [&](const Dimension& dimension) { return dimension.name == name; });
    if (found == std::end(kDimensions)) return bad_value("filter", "unknown dimension '" + std::string(name) + "'");
    return found->filters(found->column, value);
}

}  // namespace

model::Attribute campaign_value(Column column) {
    return {.take = Attribute::Take::first,
            .where = {kind_is({model::Kind::pageview}), present(Column::tagged)},
            .field = column};
}

Result<Filters> filters_of(const http::Request& request) {
    Filters all;
    for (const auto text : request.parameters("filter")) {
        auto filters = parse_filter(text);
        if (!filters) return filters;
        std::move(filters->begin(), filters->end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace collector::query
