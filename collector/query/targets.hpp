// What funnels, goals and experiments are about: pages that were viewed, events that happened, visits that were long.
#pragma once

#include <string_view>
#include <vector>

#include "meta/definitions.hpp"
#include "model/measure.hpp"

namespace collector::query {

/// Pageviews of the path; one that ends in `*` stands for all that begin so.
model::Where viewed(std::string_view path);
model::Where happened(std::string_view name);

/// Whether single rows reach the goal; else whole sessions do.
bool is_of_rows(const meta::Aim& aim);

/// The rows that do.
model::Where reaching(const meta::Aim& aim);

/// The sessions that do, in a question about sessions: they take these attributes, and the conditions on them hold.
struct ReachingSessions {
    std::vector<model::Attribute> attributes;
    model::Where conditions;
};
ReachingSessions sessions_reaching(const meta::Aim& aim);

}  // namespace collector::query
