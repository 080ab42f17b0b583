// A command line of the administration, read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "cli/commands.hpp"

namespace collector::cli {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Invocation {
    std::map<std::string, std::string> values;  ///< of the command's arguments that were given, by name
    std::string url;                            ///< of the collector, without a slash at its end
    std::string token;
    bool json = false;  ///< the answer as it came
    bool yes = false;   ///< no question
};

/// `words` are those after the command. Error `invalid`: says what is wrong with them, or that there is no token.
pulsekit::Result<Invocation> read_arguments(const Command& command, const std::vector<std::string>& words,
                                            const Environment& environment);

}  // namespace collector::cli
