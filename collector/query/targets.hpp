// What funnels and goals are about: pages that were viewed, events that happened.
#pragma once

#include <string>
#include <string_view>

#include "model/measure.hpp"
#include "query/conditions.hpp"

namespace collector::query {

/// Pageviews of the path; one that ends in `*` stands for all that begin so.
inline model::Where viewed(std::string_view path) {
    const bool begins = path.ends_with('*');
    if (begins) path.remove_suffix(1);
    return {kind_is({model::Kind::pageview}),
            {.field = model::Column::path,
             .test = begins ? model::Condition::Test::prefix : model::Condition::Test::one_of,
             .values = {std::string(path)}}};
}

inline model::Where happened(std::string_view name) {
    return {kind_is({model::Kind::event}), equals(model::Column::name, std::string(name))};
}

}  // namespace collector::query
