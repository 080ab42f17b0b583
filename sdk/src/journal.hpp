// The way from the application's threads to the worker: one ring a thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

#include "src/record.hpp"
#include "src/ring.hpp"
#include "support/ids.hpp"
#include "support/mutex.hpp"

namespace pulsekit {

/// What one tracking thread writes with. A thread that ends hands it on to the next new one.
struct Producer {
    Producer(std::unique_ptr<Ring> ring_, Random& random) : ring(std::move(ring_)), ids(random) {}

    std::unique_ptr<Ring> ring;
    UuidGenerator ids;
    std::uint64_t context_version = 0;  ///< which context the ring is at
    std::string context;                ///< encoded
    ContextView context_view;           ///< of `context`
    bool was_filling = false;
    bool is_named = false;                                 ///< the disk knows the name of the ring's file
    double sample_position = 0;                            ///< of the context's user, in [0, 1)
    std::shared_ptr<std::atomic<std::uint32_t>> sequence;  ///< of the session: shared by all its threads
};

/// What a thread used last: plain data, so that reading it needs no initialisation guard.
struct LastProducer {
    std::uint64_t journal = 0;
    Producer* producer = nullptr;
};
#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]  // no call to find it, in a shared library either; 16 bytes fit everywhere
#endif
extern thread_local LastProducer last_producer;

/// Owns the rings. producer() is for any thread; everything else is the worker's, save stats readers of rings().
class Journal {
public:
    /// `directory` empty: rings that live in memory alone.
    Journal(std::string directory, std::size_t ring_bytes, Random& random);
    ~Journal();

    /// This thread's producer, made at its first call; null when even memory cannot be had. Does not allocate, lock or
    /// call the system from a thread's second call on.
    Producer* producer() noexcept { return last_producer.journal == key_ ? last_producer.producer : find_producer(); }

    /// Rings of living producers, in the order they were made. They stay where they are until the journal goes.
    std::vector<Ring*> rings() const;

    /// The ring files in the directory: before the first producer() those that earlier processes left. Closing leaves
    /// ours, too: a thread may still be inside track(), and what it writes is found at the next start.
    static std::vector<std::string> leftovers(const std::string& directory);

    /// Events refused because there was no memory for a ring.
    std::uint64_t without_ring() const noexcept { return without_ring_.load(std::memory_order_relaxed); }
    void count_without_ring() noexcept { without_ring_.fetch_add(1, std::memory_order_relaxed); }

    /// Why a ring could not be put on disk since the last call, if one could not.
    Result<void> take_failure();

private:
    struct Shared;
    Producer* find_producer() noexcept;
    Producer* make_producer();

    const std::string directory_;
    const std::size_t ring_bytes_;
    const std::uint64_t key_;  // tells this journal from every other of the process, also from those that are gone
    Random& random_;
    std::atomic<std::uint64_t> without_ring_{0};
    // Shared with the hooks of tracking threads: a thread may end after the journal is gone.
    std::shared_ptr<Shared> shared_;
};

}  // namespace pulsekit
