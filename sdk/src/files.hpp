// What differs between systems about files. Paths are UTF-8 everywhere in the SDK.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <pulsekit/result.hpp>

namespace pulsekit {

/// For the standard library, which reads a narrow path as the system's code page.
std::filesystem::path native_path(const std::string& path);

/// Error `conflict`, and nothing is moved, when `to` is there already.
Result<void> rename_to_new(const std::string& from, const std::string& to);

/// Waits until the disk knows what lies in the folder. Does nothing where the file system sees to that. Error
/// `unavailable`.
Result<void> sync_folder(const std::string& path);

/// A lock between processes, and between two of one process. The system takes it back when the process dies.
class FileLock {
public:
    /// Does not wait. Errors: `conflict` when somebody has the lock, `unavailable` when the file cannot be written.
    static Result<FileLock> take(const std::string& path);

private:
    struct Release {
        void operator()(const std::intptr_t* file) const noexcept;
    };
    explicit FileLock(std::intptr_t file) : file_(new const std::intptr_t(file)) {}
    std::unique_ptr<const std::intptr_t, Release> file_;
};

}  // namespace pulsekit
