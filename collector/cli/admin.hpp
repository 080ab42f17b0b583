// The administration from a terminal: `pulse-collector admin`.
#pragma once

#include <string>
#include <vector>

namespace collector::cli {

/// `words` are those after `admin`. The value is the process's exit status: 0 done, 1 failed, 2 wrong usage. What was
/// asked for goes to standard output, all else to standard error.
int administrate(const std::vector<std::string>& words);

}  // namespace collector::cli
