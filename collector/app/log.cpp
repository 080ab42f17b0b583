#include "app/log.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "support/system_environment.hpp"
#include "support/time_text.hpp"

namespace collector::app {
namespace {

std::string_view name_of(Level level) {
    switch (level) {
        case Level::info: return "info";
        case Level::warning: return "warning";
        case Level::error: return "error";
    }
    return "info";
}

}  // namespace

void log(Level level, std::string_view text) {
    const std::string line =
        fmt::format("{} {} {}\n", pulsekit::date_time_ms_text(pulsekit::SystemClock().unix_ms()), name_of(level), text);
    std::fwrite(line.data(), 1, line.size(), stderr);  // one call, so that lines of several threads do not mix
}

}  // namespace collector::app
