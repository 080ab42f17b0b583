// What --help prints.
#pragma once

#include <string>
#include <string_view>

#include "cli/commands.hpp"

namespace collector::cli {

/// All resources and their verbs.
std::string help_of_all();
/// One resource's.
std::string help_of(std::string_view resource);
/// One command, with its arguments.
std::string help_of(const Command& command);

}  // namespace collector::cli
