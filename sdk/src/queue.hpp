// The durable queue between the journal and the uploader: first in, first out, acknowledged from the front.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/options.hpp>
#include <pulsekit/result.hpp>

namespace pulsekit {

/// What became of every event since the storage folder was made. What is neither delivered nor dropped is queued.
struct Ledger {
    std::uint64_t accepted = 0;
    std::uint64_t delivered = 0;
    std::map<std::string, std::uint64_t> dropped;

    std::uint64_t queued() const {
        std::uint64_t settled = delivered;
        for (const auto& entry : dropped) settled += entry.second;
        return accepted - settled;
    }
};

/// How far a ring has been taken over by committed appends.
struct RingMark {
    std::uint64_t position = 0;
    std::uint64_t overflowed = 0;
};

/// What the queue knows beside its records.
struct QueueState {
    Ledger ledger;
    std::map<std::uint64_t, RingMark> rings;  ///< by Ring::id()

    RingMark mark_of(std::uint64_t ring) const {
        const auto found = rings.find(ring);
        return found == rings.end() ? RingMark{} : found->second;
    }
};

/// Records on their way from one ring into the queue.
struct Intake {
    std::string records;  ///< u32 size and bytes each
    std::uint32_t count = 0;
    std::uint64_t ring = 0;        ///< Ring::id()
    std::uint64_t position = 0;    ///< where the ring has been read to
    std::uint64_t overflowed = 0;  ///< Ring::overflowed() up to now
};

/// The front of the queue. Borrows nothing from it.
struct Batch {
    struct Chunk {
        std::int64_t id;
        std::uint32_t skip;   ///< records of the chunk that were settled before
        std::uint32_t count;  ///< records of it in this batch
        std::uint32_t in_all;
        std::string records;
    };
    std::vector<Chunk> chunks;
    std::vector<std::string_view> records;  ///< into the chunks
    bool empty() const { return records.empty(); }
};

/// How the first events of a batch ended.
struct Settlement {
    std::uint64_t delivered = 0;
    std::map<std::string, std::uint64_t> dropped;
};

/// One thread at a time, the worker's. Records, positions and ledger change together or not at all.
class Queue {
public:
    virtual ~Queue() = default;

    /// Appends what was read from rings. Where the queue would outgrow its limit, the oldest records that are not part
    /// of the batch last peeked are dropped and counted as `queue_full`.
    virtual Result<void> append(const std::vector<Intake>& intakes) = 0;

    /// At most `max_events` and about `max_bytes` of the oldest records.
    virtual Result<Batch> peek(std::size_t max_events, std::size_t max_bytes) = 0;

    /// Removes the first `count` records of the batch last peeked.
    virtual Result<void> settle(const Batch& batch, std::size_t count, const Settlement& settlement) = 0;

    /// The ring and its file are gone.
    virtual Result<void> forget_ring(std::uint64_t ring) = 0;

    virtual const QueueState& state() const = 0;
    const Ledger& ledger() const { return state().ledger; }
};

/// Splits `u32 size and bytes` sequences. False when the bytes are not such a sequence.
bool split_records(std::string_view bytes, std::vector<std::string_view>& out);

/// Lives and dies with the process.
std::unique_ptr<Queue> open_memory_queue(std::uint64_t max_bytes);

/// Lives in the SQLite file `path`, made when absent. A damaged file is set aside under another name, what can still be
/// read of it is taken over, and `diagnose` is told.
Result<std::unique_ptr<Queue>> open_sqlite_queue(const std::string& path, std::uint64_t max_bytes,
                                                 const std::function<void(Diagnostic)>& diagnose);

/// The same for a file that proved damaged in use: it is set aside whatever it looks like. `known` is what the queue
/// over it knew last, so that the ledger can say what was lost.
Result<std::unique_ptr<Queue>> replace_sqlite_queue(const std::string& path, std::uint64_t max_bytes,
                                                    const QueueState& known,
                                                    const std::function<void(Diagnostic)>& diagnose);

}  // namespace pulsekit
