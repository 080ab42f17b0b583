// A bounded ring of records between one thread that tracks and the worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "src/mapped_file.hpp"
#include "support/checksum.hpp"

namespace pulsekit {

/// One producer and one consumer, without locks. Lies in a shared mapping, so a record that is committed survives the
/// death of the process; its checksum tells it from one that a power loss has torn.
///
/// A record is a frame: u32 size, u32 frame_checksum, the bytes, padding to 8. Positions count bytes ever
/// written; a frame never wraps, a marker skips the rest of a lap instead.
class Ring {
public:
    static Result<std::unique_ptr<Ring>> create(const std::string& path, std::size_t capacity, std::uint64_t id);
    static Result<std::unique_ptr<Ring>> anonymous(std::size_t capacity, std::uint64_t id);
    /// The ring that a dead process left. Errors: `corrupt` when the file is no ring of ours, `not_found` when its
    /// process died before it could hold a record.
    static Result<std::unique_ptr<Ring>> recover(const std::string& path);

    // Producer.

    /// Room for a record of `size` bytes; null when the ring is full.
    char* reserve(std::uint32_t size) noexcept;
    /// The room there is for a record of a size not yet known, up to `end`; may be too little where reserve() would
    /// find enough.
    char* room(const char*& end) noexcept;
    /// Publishes the record that was written to the room. A context is no event and counts for nothing.
    void commit(std::uint32_t size, bool is_event = true) noexcept;
    void count_overflow() noexcept;
    void count_sampled() noexcept;
    /// Waits until the disk has what was committed so far. Error `unavailable`.
    Result<void> sync() noexcept;
    /// More than half is waiting: time to wake the worker.
    bool is_filling() const noexcept { return written_ - seen_tail_ > capacity_ / 2; }

    // Consumer.

    struct Drained {
        std::uint64_t position = 0;  ///< release() this once the records are safe
        std::uint32_t events = 0;
        std::uint8_t any_flags = 0;     ///< of the events, or-ed
        std::uint8_t all_flags = 0xff;  ///< of the events, and-ed
        bool more = false;              ///< `max_bytes` came first
        bool torn = false;              ///< recovery only: what follows is not whole
    };
    /// Appends the waiting records to `out` as u32 size and bytes each, up to about `max_bytes`, a context first.
    /// `context` is the one in force: where the ring has been read to, and then where this has read to.
    Drained drain(std::string& out, std::string& context, std::size_t max_bytes) const;
    void release(std::uint64_t position) noexcept;
    /// After recovery: starts reading at `position` when that lies ahead of what the file says, which may be old after
    /// a loss of power.
    void skip_to(std::uint64_t position) noexcept;

    /// Where sync() last got to. On the disk what lies before is read from a tail that may be old: the queue must know
    /// for sure how far it took it, or the ring may write over it and hide what was synced.
    std::uint64_t synced_to() const noexcept { return synced_to_.load(std::memory_order_relaxed); }

    /// Of a record at a position: what an earlier lap left in its place, whole as it may be, does not pass for it.
    static std::uint32_t frame_checksum(std::uint64_t position, const void* bytes, std::size_t size) noexcept {
        constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
        return checksum(bytes, size) ^ static_cast<std::uint32_t>(((position + 8) * kGolden) >> 32);
    }

    std::uint64_t id() const noexcept;
    std::uint64_t pushed() const noexcept;      ///< events ever committed
    std::uint64_t overflowed() const noexcept;  ///< events ever refused for want of room
    std::uint64_t sampled() const noexcept;     ///< events ever left out by sampling

private:
    static constexpr std::size_t kHeaderBytes = 4096;
    static constexpr std::size_t kFrameHead = 8;
    static constexpr std::uint32_t kSkipToNextLap = 0xffffffff;

    // Each side writes a cache line of its own.
    struct Header {
        std::uint64_t magic;
        std::uint64_t id;
        std::uint64_t capacity;
        alignas(64) std::atomic<std::uint64_t> head;
        std::atomic<std::uint64_t> pushed;
        std::atomic<std::uint64_t> overflowed;
        std::atomic<std::uint64_t> sampled;
        alignas(64) std::atomic<std::uint64_t> tail;
    };
    struct FrameHead {
        std::uint32_t size;
        std::uint32_t checksum;
    };

    Ring(MappedFile file, std::size_t capacity);
    Header& header() const noexcept { return *header_; }
    static std::size_t frame_bytes(std::uint32_t size) noexcept { return (kFrameHead + size + 7) & ~std::size_t{7}; }
    void skip_lap() noexcept;

    MappedFile file_;
    Header* header_;
    std::size_t capacity_;
    char* data_;
    // The producer's own copies: the shared ones lie on cache lines that the consumer touches.
    std::uint64_t written_ = 0;
    std::uint64_t pushed_ = 0;
    std::uint64_t seen_tail_ = 0;
    std::uint64_t reserved_skip_ = 0;
    std::atomic<std::uint64_t> synced_to_{0};
};

inline char* Ring::room(const char*& end) noexcept {
    const std::size_t offset = written_ & (capacity_ - 1);
    if (is_filling()) seen_tail_ = header().tail.load(std::memory_order_acquire);
    const std::size_t to_lap = capacity_ - offset;
    const std::size_t free = capacity_ - (written_ - seen_tail_);
    const std::size_t bytes = to_lap < free ? to_lap : free;  // multiples of 8, as frames are
    reserved_skip_ = 0;
    char* start = data_ + offset;
    end = start + bytes;
    return bytes > kFrameHead ? start + kFrameHead : start + bytes;
}

inline void Ring::commit(std::uint32_t size, bool is_event) noexcept {
    if (reserved_skip_ != 0) skip_lap();
    char* frame = data_ + (written_ & (capacity_ - 1));
    const FrameHead head{size, frame_checksum(written_, frame + kFrameHead, size)};
    std::memcpy(frame, &head, sizeof head);
    written_ += frame_bytes(size);
    if (is_event) header().pushed.store(++pushed_, std::memory_order_relaxed);
    header().head.store(written_, std::memory_order_release);
}

}  // namespace pulsekit
