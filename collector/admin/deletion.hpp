// The end of a project.
#pragma once

#include <cstdint>
#include <string_view>

#include <pulsekit/result.hpp>

#include "meta/deletions.hpp"
#include "store/store.hpp"

namespace collector::admin {

/// Erases what is left of a project that Catalog::delete_project() took off the lists: its rows in the metadata
/// database, then its events. The value is how many events they were. On an error some may be left; it may be done
/// again.
pulsekit::Result<std::int64_t> erase_project(meta::Deletions& deletions, store::EventStore& store,
                                             std::string_view project_id, const store::Patience& patience);

}  // namespace collector::admin
