// The list of stores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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
    int dedupe_days = 30;                               ///< how long an event id is known, from 1 on
    std::size_t question_bytes = std::size_t{1} << 30;  ///< that an answer may take, before it is `limited`
};

/// `random` is used while the store is opened, and not later. Errors: `invalid` for a kind that this build lacks or an
/// option out of bounds; `unavailable`, `corrupt`, `conflict` (data of a newer version) from the store itself.
pulsekit::Result<std::unique_ptr<EventStore>> open_store(const StoreOptions& options, pulsekit::Random& random);

/// What is wrong with the data of a collector, running or not, one sentence each; none: all is well. Changes nothing.
/// Error: the data could not be read at all.
pulsekit::Result<std::vector<std::string>> check_store(const std::string& data_directory);

/// Bytes copied so far, and of the original: the copy ends up about as large, or smaller.
using BackupProgress = std::function<void(std::int64_t done_bytes, std::int64_t total_bytes)>;

/// Copies the data, as it is at one instant, to the new file `to_file`, also while a collector runs on it; `progress`
/// may be empty. Errors: `conflict` when the file exists; `unavailable`, `corrupt` from the disk; then no `to_file` is
/// left.
pulsekit::Result<void> backup_store(const std::string& data_directory, const std::string& to_file,
                                    const BackupProgress& progress);

}  // namespace collector::store
