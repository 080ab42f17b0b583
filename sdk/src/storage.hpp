// The storage folder on disk:
//
//   device-id             this installation's anonymous id
//   0/, 1/, ...           one folder a process: the first that no living process has locked
//     lock                held with flock while the process lives
//     queue.sqlite        the queue
//     journal/*.ring      the rings
#pragma once

#include <memory>
#include <string>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace pulsekit {

/// Holds this process's part of a storage folder. Movable; the lock goes with it.
class Storage {
public:
    /// Error `unavailable`: the folder cannot be made or written.
    static Result<Storage> open(const std::string& directory, Random& random);

    std::string queue_path() const { return folder_ + "/queue.sqlite"; }
    std::string journal_directory() const { return folder_ + "/journal"; }
    const std::string& device_id() const { return device_id_; }

private:
    struct CloseFile {
        void operator()(const int* fd) const noexcept;
    };
    using Lock = std::unique_ptr<const int, CloseFile>;

    Storage(std::string folder, std::string device_id, Lock lock)
        : folder_(std::move(folder)), device_id_(std::move(device_id)), lock_(std::move(lock)) {}

    static Result<Lock> lock_file(const std::string& path);

    std::string folder_;
    std::string device_id_;
    Lock lock_;
};

/// A random UUID (version 4 layout): says nothing about the machine or its user.
std::string new_device_id(Random& random);

}  // namespace pulsekit
