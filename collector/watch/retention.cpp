#include "watch/retention.hpp"

#include <chrono>
#include <string>

namespace collector::watch {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

}  // namespace

void Retention::run() {
    const auto now = parts_.clock.monotonic();
    if (next_ && now < *next_) return;
    next_ = now + std::chrono::hours(1);
    run_now();
}

void Retention::run_now() {
    const store::Patience patience{.stop = parts_.stop};
    if (auto finished = parts_.store.finish_erasures(patience); !finished) {
        parts_.warn("an erasure is not finished yet: " + finished.error().message);
    }
    const auto now = parts_.clock.unix_ms();
    const auto today = now - (now % kDayMs + kDayMs) % kDayMs;
    for (const auto& project : parts_.catalog.projects()) {
        if (!project.retention_days || patience.ended()) continue;
        const auto erased = parts_.store.erase({.project_id = project.id,
                                                .of = store::Erasure::Of::old_events,
                                                .id = {},
                                                .before_ms = today - *project.retention_days * kDayMs},
                                               patience);
        if (!erased) {
            parts_.warn("retention of project " + project.id + ": " + erased.error().message);
        } else if (*erased > 0) {
            parts_.log("retention of project " + project.id + ": " + std::to_string(*erased) + " events older than " +
                       std::to_string(*project.retention_days) + " days erased");
        }
    }
}

}  // namespace collector::watch
