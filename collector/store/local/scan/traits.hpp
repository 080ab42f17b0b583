// What identify rows say of visitors.
#pragma once

#include <vector>

#include <pulsekit/result.hpp>

#include "model/measure.hpp"
#include "store/local/scan/scan.hpp"

namespace collector::store::local {

/// By the visitor's number in the project, whether its latest value of the trait values[0], up to the end of the range,
/// is values[1]. Error `invalid` when there are not two texts.
pulsekit::Result<std::vector<bool>> visitors_with_trait(const Scan& scan, const std::vector<model::Value>& values);

}  // namespace collector::store::local
