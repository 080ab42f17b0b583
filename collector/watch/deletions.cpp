#include "watch/deletions.hpp"

#include <chrono>
#include <string>

#include "admin/deletion.hpp"

namespace collector::watch {
namespace {

// No request that was let in takes so long.
constexpr std::int64_t kUnderWayMs = std::chrono::milliseconds(std::chrono::minutes(10)).count();

}  // namespace

void Deletions::run() {
    const auto pending = parts_.deletions.pending();
    if (!pending) return parts_.warn("deleted projects: " + pending.error().message);
    for (const auto& deletion : *pending) look_after(deletion);
}

void Deletions::look_after(const meta::Deletion& deletion) {
    const bool is_late = parts_.clock.unix_ms() - deletion.deleted_ms >= kUnderWayMs;
    if (deletion.erased && !is_late) return;
    const store::Patience patience{.stop = parts_.stop};
    const auto erased = admin::erase_project(parts_.deletions, parts_.store, deletion.project_id, patience);
    if (!erased) {
        parts_.warn("deletion of project " + deletion.project_id + ": " + erased.error().message);
        return;
    }
    if (*erased > 0 || !deletion.erased) {
        parts_.log("deletion of project " + deletion.project_id + ": " + std::to_string(*erased) + " events erased");
    }
    if (!is_late) return;
    if (const auto forgotten = parts_.deletions.forget(deletion.project_id); !forgotten) {
        parts_.warn("deletion of project " + deletion.project_id + ": " + forgotten.error().message);
    }
}

}  // namespace collector::watch
