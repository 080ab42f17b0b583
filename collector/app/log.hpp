// The collector's log: one line an entry, on standard error.
#pragma once

#include <string_view>

namespace collector::app {

enum class Level { info, warning, error };

/// `2026-03-05T12:00:00.000Z warning text`. Any thread.
void log(Level level, std::string_view text);

}  // namespace collector::app
