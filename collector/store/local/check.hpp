// Is the stored data whole?
#pragma once

#include <string>
#include <vector>

#include <pulsekit/result.hpp>

namespace collector::store::local {

/// What is wrong with the data of a collector, running or not, one sentence each; none: all is well. Changes nothing.
/// Error: the data could not be read at all.
pulsekit::Result<std::vector<std::string>> check(const std::string& data_directory);

}  // namespace collector::store::local
