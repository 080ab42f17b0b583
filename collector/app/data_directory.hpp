// The data directory belongs to one collector at a time.
#pragma once

#include <memory>
#include <string>

#include <pulsekit/result.hpp>

namespace collector::app {

/// Holds the directory's lock while it lives.
class DataDirectory {
public:
    /// Makes the directory when absent. Errors: `conflict` when another collector has it, `unavailable` when it cannot
    /// be made or written.
    static pulsekit::Result<DataDirectory> open(const std::string& path);

private:
    struct CloseFile {
        void operator()(const int* fd) const noexcept;
    };
    using Lock = std::unique_ptr<const int, CloseFile>;
    explicit DataDirectory(Lock lock) : lock_(std::move(lock)) {}
    Lock lock_;
};

}  // namespace collector::app
