#include "src/recovery.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "src/event_editor.hpp"
#include "src/files.hpp"
#include "src/journal.hpp"
#include "src/ring.hpp"

namespace pulsekit {

void edit_intake(Intake& intake, const Options& options) {
    if (!options.before_send || intake.count == 0) return;
    const std::uint32_t kept = edit_events(intake.records, options.before_send);
    if (kept != intake.count) intake.dropped["before_send"] = intake.count - kept;
    intake.count = kept;
}

Result<void> Recovery::recover_ring(const std::string& path, Queue& queue) const {
    std::error_code ignored;
    auto ring = Ring::recover(path);
    if (!ring && ring.error().code == ErrorCode::not_found) {
        std::filesystem::remove(native_path(path), ignored);
        return {};
    }
    if (!ring) {
        const std::string aside = path + ".corrupt";
        std::filesystem::rename(native_path(path), native_path(aside), ignored);
        diagnose({Diagnostic::Level::error, ring.error().code,
                  "a journal of an earlier run cannot be read and is set aside as " + aside});
        return {};
    }
    (*ring)->skip_to(queue.state().mark_of((*ring)->id()).position);
    Ring::Drained drained;
    do {
        const RingMark before = queue.state().mark_of((*ring)->id());
        Intake intake;
        intake.ring = (*ring)->id();
        intake.mark = before;
        if (intake.mark.context.empty()) intake.mark.context = context;
        // After a loss of power the file may be older than the queue.
        intake.mark.overflowed = std::max(before.overflowed, (*ring)->overflowed());
        intake.mark.sampled = std::max(before.sampled, (*ring)->sampled());
        drained = (*ring)->drain(intake.records, intake.mark.context, kDrainBytes);
        intake.mark.position = drained.position;
        intake.count = drained.events;
        intake.power = true;  // the ring is deleted soon
        if (intake.count != 0 || intake.mark.overflowed != before.overflowed || intake.mark.sampled != before.sampled) {
            edit_intake(intake, options);
            if (auto appended = queue.append({intake}); !appended) return appended;
        }
        (*ring)->release(drained.position);
    } while (drained.more);
    if (drained.torn) {
        diagnose({Diagnostic::Level::warning, ErrorCode::corrupt,
                  "the end of an earlier run's journal was torn: what lay after it is lost"});
    }
    // A power cut may bring the file back: then it must be empty.
    if (auto synced = (*ring)->sync(); !synced) return synced;
    // The file first: while it is there its counters are too, and without the mark they would count once more.
    const std::uint64_t id = (*ring)->id();
    ring->reset();  // Windows deletes no file that is mapped
    if (std::filesystem::remove(native_path(path), ignored)) (void)queue.forget_ring(id);  // else a few bytes stay
    return {};
}

Result<void> Recovery::finish_adoption(Queue& queue, const std::string& taken) const {
    std::error_code error;
    if (!std::filesystem::exists(native_path(taken), error)) return {};
    return queue.adopt_from(taken, diagnose);
}

Result<void> Recovery::adopt(const Storage::Folder& folder, Queue& queue, const std::string& taken) const {
    if (auto finished = finish_adoption(queue, taken); !finished) return finished;
    const auto trouble = [&](const std::string& why) {
        return Error{ErrorCode::unavailable, "cannot recover " + folder.path + ": " + why};
    };
    {
        // Rings go by way of its own queue, which knows how far each was read. Closing it leaves one file.
        const QueueLimits limits{options.max_queue_bytes, options.overflow};
        auto theirs = open_sqlite_queue(folder.queue_path(), limits, diagnose);
        if (!theirs) return trouble(theirs.error().message);
        for (const auto& ring : Journal::leftovers(folder.journal_directory())) {
            if (auto recovered = recover_ring(ring, **theirs); !recovered) return trouble(recovered.error().message);
        }
    }
    std::error_code error;
    if (std::filesystem::exists(native_path(folder.queue_path() + "-wal"), error)) {
        return trouble("the log of its queue cannot be closed");
    }
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(native_path(taken + suffix), error);
    // Should this process die from here on, whoever takes the folder next must not find a queue there that is taken
    // over already: what it adds would be taken for known.
    std::filesystem::rename(native_path(folder.queue_path()), native_path(taken), error);
    if (error) return trouble(error.message());
    if (auto synced = sync_folder(folder.path); !synced) return synced;
    return queue.adopt_from(taken, diagnose);
}

}  // namespace pulsekit
