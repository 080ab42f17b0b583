// A bounded ring of records between one thread that tracks and the worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "src/mapped_file.hpp"

namespace pulsekit {

/// One producer and one consumer, without locks. Lies in a shared mapping, so a record that is committed survives the
/// death of the process; its checksum tells it from one that a power loss has torn.
///
/// A record is a frame: u32 size, u32 CRC-32C of the bytes, the bytes, padding to 8. Positions count bytes ever
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
    /// After recovery: starts reading at `position` when that lies ahead of what the file says.
    void skip_to(std::uint64_t position) noexcept;

    std::uint64_t id() const noexcept;
    std::uint64_t pushed() const noexcept;      ///< events ever committed
    std::uint64_t overflowed() const noexcept;  ///< events ever refused for want of room
    std::uint64_t sampled() const noexcept;     ///< events ever left out by sampling

private:
    struct Header;
    Ring(MappedFile file, std::size_t capacity);
    Header& header() const noexcept;

    MappedFile file_;
    std::size_t capacity_;
    char* data_;
    // The producer's own copies: the shared ones lie on cache lines that the consumer touches.
    std::uint64_t written_ = 0;
    std::uint64_t pushed_ = 0;
    std::uint64_t seen_tail_ = 0;
    std::uint64_t reserved_skip_ = 0;
};

}  // namespace pulsekit
