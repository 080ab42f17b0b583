// What a dead process left: its rings go into its queue, its queue into ours.
#pragma once

#include <functional>
#include <string>

#include <pulsekit/options.hpp>

#include "src/queue.hpp"
#include "src/storage.hpp"

namespace pulsekit {

/// Events read from a ring at once: one transaction's worth.
constexpr std::size_t kDrainBytes = 1024 * 1024;

/// Lets the application see the events before they are kept; counts those that it does not want.
void edit_intake(Intake& intake, const Options& options);

/// Borrows the options.
struct Recovery {
    const Options& options;
    std::string context;  ///< for events that were left without one
    std::function<void(Diagnostic)> diagnose;

    /// Moves what the ring file holds into the queue and deletes it. An error is the queue's: the file stays.
    Result<void> recover_ring(const std::string& path, Queue& queue) const;

    /// Moves everything that is in the other folder into the queue, by way of the file `taken`, which only the holder
    /// of folder 0 touches. Error `corrupt`: the queue is damaged. Of any other error nothing is lost.
    Result<void> adopt(const Storage::Folder& folder, Queue& queue, const std::string& taken) const;
    /// What a process was about when it died while it took over a folder.
    Result<void> finish_adoption(Queue& queue, const std::string& taken) const;
};

}  // namespace pulsekit
