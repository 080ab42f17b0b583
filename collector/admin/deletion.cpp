#include "admin/deletion.hpp"

#include <string>
#include <utility>

namespace collector::admin {

pulsekit::Result<std::int64_t> erase_project(meta::Deletions& deletions, store::EventStore& store,
                                             std::string_view project_id, const store::Patience& patience) {
    if (auto erased = deletions.erase_rows(project_id); !erased) return std::move(erased).error();
    auto events = store.erase({.project_id = std::string(project_id), .of = store::Erasure::Of::project}, patience);
    if (!events) return events;
    if (auto noted = deletions.note_erased(project_id); !noted) return std::move(noted).error();
    return events;
}

}  // namespace collector::admin
