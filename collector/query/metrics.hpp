// The numbers that alerts watch: each is what a report says of a range. metrics.cpp is the list.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <pulsekit/result.hpp>

#include "query/module.hpp"

namespace collector::query {

struct Metric {
    std::string_view module;  ///< that the project must have switched on for the metric to be watched
    std::string_view name;
    Module::Answer report = nullptr;
    std::string_view member;  ///< where the number stands in it, as `member/member`; `*` adds up what a list has
};

std::span<const Metric> metrics();

/// Null when the module has none of that name.
const Metric* metric_named(std::string_view module, std::string_view name);

/// As the report rounds it; nothing where there was nothing to measure. Errors are the report's.
pulsekit::Result<std::optional<double>> value_of(const Metric& metric, const Context& context,
                                                 const model::TimeRange& range);

}  // namespace collector::query
