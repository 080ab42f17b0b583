// What the kernel says of this process, and of the disk under its data.
#pragma once

#include <cstdint>
#include <string>

namespace collector::app {

/// A number that cannot be read is 0.
struct ProcessStatus {
    double start_seconds = 0;  ///< since 1970
    double cpu_seconds = 0;    ///< user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t threads = 0;
    std::uint64_t open_files = 0;
    std::uint64_t open_files_limit = 0;
};

ProcessStatus process_status();

struct DiskStatus {
    std::uint64_t data_bytes = 0;  ///< in the directory's files
    std::uint64_t free_bytes = 0;  ///< on the file system, for this user
};

DiskStatus disk_status(const std::string& directory);

}  // namespace collector::app
