// The durable queue between the journal and the uploader: first in, first out, acknowledged from the front.
#pragma once

#include <algorithm>
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
    void add(const Ledger& other) {
        accepted += other.accepted;
        delivered += other.delivered;
        for (const auto& [reason, count] : other.dropped) dropped[reason] += count;
    }
};

/// How far a ring has been taken over by committed appends.
struct RingMark {
    std::uint64_t position = 0;
    std::uint64_t overflowed = 0;
    std::uint64_t sampled = 0;
    std::string context;  ///< in force at `position`
};

/// What the queue knows beside its records.
struct QueueState {
    Ledger ledger;
    Ledger reported;  ///< what all reports of the ledger say that were ever made, also those under way
    /// Reports on their way to the collector, oldest first: a context and an event, u32 size and bytes each. The same
    /// events until they are settled: a second one with the same changes would count twice.
    std::vector<std::string> reports;
    std::map<std::uint64_t, RingMark> rings;  ///< by Ring::id()

    RingMark mark_of(std::uint64_t ring) const {
        const auto found = rings.find(ring);
        return found == rings.end() ? RingMark{} : found->second;
    }
    void finish_reports(std::size_t count) {
        reports.erase(reports.begin(), reports.begin() + static_cast<std::ptrdiff_t>(std::min(count, reports.size())));
    }
};

/// Records on their way from one ring into the queue.
struct Intake {
    std::string records;                           ///< u32 size and bytes each, a context first (record.hpp)
    std::uint32_t count = 0;                       ///< events among them
    std::uint64_t ring = 0;                        ///< Ring::id()
    RingMark mark;                                 ///< where the ring has been read to
    bool power = false;                            ///< must survive a loss of power once append() returns
    std::map<std::string, std::uint64_t> dropped;  ///< events that were read but are not among the records
};

/// The front of the queue. Borrows nothing from it.
struct Batch {
    struct Chunk {
        std::int64_t id;
        std::uint32_t skip;    ///< events of the chunk that were settled before
        std::uint32_t count;   ///< events of it in this batch
        std::uint32_t in_all;  ///< events that the chunk was made with
        std::string records;   ///< all of them, a context first
    };
    std::vector<Chunk> chunks;
    std::size_t count = 0;
    bool empty() const { return count == 0; }

    /// The chunk of that id, if it is in here.
    const Chunk* find(std::int64_t id) const;

    /// Adds what fits of the next chunk; `bytes` counts along. False: the batch is complete.
    bool take(Chunk chunk, std::size_t max_events, std::size_t max_bytes, std::size_t& bytes);
};

/// What an intake says about its ring and its events, added to the state.
void count_intake(QueueState& state, const Intake& intake);

/// How the first events of a batch ended.
struct Settlement {
    std::uint64_t delivered = 0;
    std::map<std::string, std::uint64_t> dropped;
    std::size_t reports = 0;  ///< so many of the oldest reports, too
};

/// One thread at a time, the worker's. Records, positions and ledger change together or not at all.
class Queue {
public:
    virtual ~Queue() = default;

    /// Appends what was read from rings. Where the queue would outgrow its limit, records that were not peeked are
    /// dropped as the Overflow says and counted as `queue_full`.
    virtual Result<void> append(const std::vector<Intake>& intakes) = 0;

    /// At most `max_events` and about `max_bytes` of the oldest records of the highest priority; with `after`, a batch
    /// that was peeked and is not settled yet, of those that are not in it. Both may then be settled, in this order;
    /// what else was peeked is forgotten.
    virtual Result<Batch> peek(std::size_t max_events, std::size_t max_bytes, const Batch* after = nullptr) = 0;

    /// Removes the first `count` events of a batch that was peeked.
    virtual Result<void> settle(const Batch& batch, std::size_t count, const Settlement& settlement) = 0;

    /// Keeps the event that reports the ledger as it is now, until a settlement says that it was sent. From now on the
    /// ledger counts as reported.
    virtual Result<void> begin_report(const std::string& event) = 0;

    /// The ring and its file are gone.
    virtual Result<void> forget_ring(std::uint64_t ring) = 0;

    /// Drops everything that is queued, and overwrites it where it lay; counted as `reason`.
    virtual Result<void> erase_all(const std::string& reason) = 0;

    /// Takes over what the queue in the SQLite file `path` holds and knows, its ledger too, then deletes that file,
    /// whose folder the caller has locked. A crash between the two does no harm: what was taken over once is only
    /// deleted. Error `corrupt`: this queue is damaged; the other one's troubles are `unavailable`.
    virtual Result<void> adopt_from(const std::string& path, const std::function<void(Diagnostic)>& diagnose) = 0;

    virtual const QueueState& state() const = 0;
    const Ledger& ledger() const { return state().ledger; }
};

struct QueueLimits {
    std::uint64_t max_bytes = 64 * 1024 * 1024;
    Overflow overflow = Overflow::drop_oldest;
};

/// Lives and dies with the process. `known` is what a queue knew that it takes the place of; what was queued there is
/// lost.
std::unique_ptr<Queue> open_memory_queue(const QueueLimits& limits, QueueState known = {});

/// Lives in the SQLite file `path`, made when absent. A damaged file is set aside under another name, what can still be
/// read of it is taken over, and `diagnose` is told.
Result<std::unique_ptr<Queue>> open_sqlite_queue(const std::string& path, const QueueLimits& limits,
                                                 const std::function<void(Diagnostic)>& diagnose);

/// The same for a file that proved damaged in use: it is set aside whatever it looks like. `known` is what the queue
/// over it knew last, so that the ledger can say what was lost.
Result<std::unique_ptr<Queue>> replace_sqlite_queue(const std::string& path, const QueueLimits& limits,
                                                    const QueueState& known,
                                                    const std::function<void(Diagnostic)>& diagnose);

/// Cuts an intake into chunks of one priority each, in the order of their first events; each begins with its context.
struct CutChunk {
    std::string records;
    std::uint32_t count = 0;
    std::uint8_t priority = 1;
};
Result<std::vector<CutChunk>> cut_into_chunks(std::string_view records);

}  // namespace pulsekit
