// A consistent copy of the data while the collector runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <pulsekit/result.hpp>

namespace collector::store::local {

/// Bytes of the copy so far, and of the original: the copy ends up about as large, or smaller.
using BackupProgress = std::function<void(std::int64_t done_bytes, std::int64_t total_bytes)>;

/// Writes the data directory's database, as it is at one instant, to the new file `to_file`, on the disk when this
/// returns; a collector that is started on a directory with that file as pulse.sqlite has all of it. `progress` may be
/// empty. Errors: `conflict` when the file exists; `unavailable`, `corrupt` from the disk; then no `to_file` is left.
pulsekit::Result<void> backup(const std::string& data_directory, const std::string& to_file,
                              const BackupProgress& progress);

}  // namespace collector::store::local
