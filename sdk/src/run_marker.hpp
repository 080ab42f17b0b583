// The file that tells the next start how this run ended.
#pragma once

#include <memory>
#include <string>

#include <pulsekit/client.hpp>

#include "src/mapped_file.hpp"
#include "support/ids.hpp"

namespace pulsekit {

/// Lies in a shared mapping: what it says survives a crash, and saying it costs no system call.
class RunMarker {
public:
    /// Reads what the last run left in the file and begins anew. Error `unavailable`.
    static Result<RunMarker> open(const std::string& path);
    RunMarker(RunMarker&& other) noexcept;
    RunMarker& operator=(RunMarker&&) = delete;
    ~RunMarker();

    const PreviousRun& previous() const { return previous_; }
    void set_session(const Uuid& session) noexcept;
    void set_clean() noexcept;

    /// From now on fatal signals of the process are noted here, before they take their course.
    void note_fatal_signals();

private:
    struct Content;
    RunMarker(MappedFile file, PreviousRun previous) : file_(std::move(file)), previous_(std::move(previous)) {}
    Content& content() const noexcept;

    MappedFile file_;
    PreviousRun previous_;
    int handler_slot_ = -1;
};

}  // namespace pulsekit
