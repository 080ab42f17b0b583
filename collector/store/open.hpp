// The list of stores.
#pragma once

#include <memory>
#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "store/store.hpp"

namespace collector::store {

/// When an append has returned, its events survive ...
enum class Sync {
    full,    ///< a loss of power: they are on the disk
    normal,  ///< the death of the process
};

struct StoreOptions {
    std::string kind = "local";
    std::string data_directory = "./pulse-data";  ///< made when absent
    Sync sync = Sync::full;
    int dedupe_days = 30;  ///< how long an event id is known, from 1 on
};

/// `random` is used while the store is opened, and not later. Errors: `invalid` for a kind that this build lacks or an
/// option out of bounds; `unavailable`, `corrupt`, `conflict` (data of a newer version) from the store itself.
pulsekit::Result<std::unique_ptr<EventStore>> open_store(const StoreOptions& options, pulsekit::Random& random);

}  // namespace collector::store
