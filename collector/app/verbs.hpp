// The command line: one verb, one function.
#pragma once

#include <string>
#include <vector>

namespace collector::app {

/// Runs `pulse-collector ARGUMENTS` and answers the process's exit status: 0 done, 1 failed, 2 wrong usage.
int run(const std::vector<std::string>& arguments);

}  // namespace collector::app
