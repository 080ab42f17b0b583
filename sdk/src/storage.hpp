// The storage folder on disk:
//
//   device-id             this installation's anonymous id
//   consent               the user's, once given or denied
//   0/, 1/, ...           one folder a process: the first that no living process has locked
//     lock                locked while the process lives
//     events.sqlite       the queue
//     taken.sqlite        in 0/: the queue of another folder, while it is taken over
//     run                 how the last run ended
//     journal/*.ring      the rings
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/options.hpp>
#include <pulsekit/result.hpp>

#include "src/files.hpp"

namespace pulsekit {

/// Holds this process's part of a storage folder. Movable; the lock goes with it.
class Storage {
public:
    /// Error `unavailable`: the folder cannot be made or written.
    static Result<Storage> open(const std::string& directory, Random& random);

    std::string queue_path() const { return folder_ + "/events.sqlite"; }
    /// Another folder's queue while it is taken over.
    std::string taken_path() const { return folder_ + "/taken.sqlite"; }
    std::string run_marker_path() const { return folder_ + "/run"; }
    std::string journal_directory() const { return folder_ + "/journal"; }
    const std::string& device_id() const { return device_id_; }

    /// Takes the place of the device id, for all processes that start from now on. Error `unavailable`.
    Result<void> replace_device_id(const std::string& device_id);

    /// Waits until the disk knows of the folders and of what lies in them. Error `unavailable`.
    Result<void> sync_folders() const;

    /// The consent last remembered, if any.
    std::optional<Consent> consent() const;
    Result<void> remember_consent(Consent consent);

    /// Whether this process holds folder 0: it is the one that takes over what dead processes left in the others.
    bool is_first() const { return folder_ == root_ + "/0"; }

    /// The folder of a dead process, locked.
    struct Folder {
        std::string path;
        FileLock lock;
        std::string queue_path() const { return path + "/events.sqlite"; }
        std::string journal_directory() const { return path + "/journal"; }
    };
    /// Those of the other folders that nobody holds and that are not empty. Hold on to them no longer than needed: a
    /// new process passes them over.
    std::vector<Folder> abandoned() const;

private:
    Storage(std::string root, std::string folder, std::string device_id, FileLock lock)
        : root_(std::move(root)),
          folder_(std::move(folder)),
          device_id_(std::move(device_id)),
          lock_(std::move(lock)) {}

    std::string root_;
    std::string folder_;
    std::string device_id_;
    FileLock lock_;
};

/// A random UUID (version 4 layout): says nothing about the machine or its user.
std::string new_device_id(Random& random);

}  // namespace pulsekit
