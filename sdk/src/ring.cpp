#include "src/ring.hpp"

#include <cstring>
#include <new>

#include "src/record.hpp"
#include "support/crc32c.hpp"

namespace pulsekit {
namespace {

constexpr std::uint64_t kMagic = 0x32474e4952534b50;  // "PKSRING2"
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kFrameHead = 8;
constexpr std::uint32_t kSkipToNextLap = 0xffffffff;

std::size_t frame_bytes(std::uint32_t size) { return (kFrameHead + size + 7) & ~std::size_t{7}; }

struct FrameHead {
    std::uint32_t size;
    std::uint32_t checksum;
};

}  // namespace

// Each side writes a cache line of its own.
struct Ring::Header {
    std::uint64_t magic;
    std::uint64_t id;
    std::uint64_t capacity;
    alignas(64) std::atomic<std::uint64_t> head;
    std::atomic<std::uint64_t> pushed;
    std::atomic<std::uint64_t> overflowed;
    std::atomic<std::uint64_t> sampled;
    alignas(64) std::atomic<std::uint64_t> tail;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "the ring is shared with the kernel, not with a lock");

Ring::Ring(MappedFile file, std::size_t capacity)
    : file_(std::move(file)), capacity_(capacity), data_(file_.data() + kHeaderBytes) {}

Ring::Header& Ring::header() const noexcept { return *reinterpret_cast<Header*>(file_.data()); }

Result<std::unique_ptr<Ring>> Ring::create(const std::string& path, std::size_t capacity, std::uint64_t id) {
    auto file = path.empty() ? MappedFile::anonymous(kHeaderBytes + capacity)
                             : MappedFile::create(path, kHeaderBytes + capacity);
    if (!file) return std::move(file).error();
    auto* header = new (file->data()) Header{};
    header->id = id;
    header->capacity = capacity;
    header->magic = kMagic;  // last: a file without it is not taken for a ring
    return std::unique_ptr<Ring>(new Ring(std::move(*file), capacity));
}

Result<std::unique_ptr<Ring>> Ring::anonymous(std::size_t capacity, std::uint64_t id) {
    return create({}, capacity, id);
}

Result<std::unique_ptr<Ring>> Ring::recover(const std::string& path) {
    auto file = MappedFile::open(path);
    if (!file) return std::move(file).error();
    const auto* header = reinterpret_cast<const Header*>(file->data());
    if (file->size() > kHeaderBytes && header->magic == 0) {
        return Error{ErrorCode::not_found, path + " was never written: its process died while it made it"};
    }
    const bool ours = file->size() > kHeaderBytes && header->magic == kMagic &&
                      header->capacity == file->size() - kHeaderBytes &&
                      (header->capacity & (header->capacity - 1)) == 0 && header->head >= header->tail &&
                      header->head - header->tail <= header->capacity && header->tail % 8 == 0;
    if (!ours) return Error{ErrorCode::corrupt, path + " is not a journal ring"};
    const auto capacity = static_cast<std::size_t>(header->capacity);
    return std::unique_ptr<Ring>(new Ring(std::move(*file), capacity));
}

char* Ring::reserve(std::uint32_t size) noexcept {
    const std::size_t frame = frame_bytes(size);
    const std::size_t offset = written_ & (capacity_ - 1);
    const std::size_t skip = offset + frame > capacity_ ? capacity_ - offset : 0;
    if (written_ + skip + frame - seen_tail_ > capacity_ || is_filling()) {
        seen_tail_ = header().tail.load(std::memory_order_acquire);
        if (written_ + skip + frame - seen_tail_ > capacity_) return nullptr;
    }
    reserved_skip_ = skip;
    return data_ + ((written_ + skip) & (capacity_ - 1)) + kFrameHead;
}

char* Ring::room(const char*& end) noexcept {
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

void Ring::commit(std::uint32_t size, bool is_event) noexcept {
    if (reserved_skip_ != 0) {
        const FrameHead skip{kSkipToNextLap, 0};
        std::memcpy(data_ + (written_ & (capacity_ - 1)), &skip, sizeof skip);
        written_ += reserved_skip_;
        reserved_skip_ = 0;
    }
    char* frame = data_ + (written_ & (capacity_ - 1));
    const FrameHead head{size, crc32c(frame + kFrameHead, size)};
    std::memcpy(frame, &head, sizeof head);
    written_ += frame_bytes(size);
    Header& shared = header();
    if (is_event) shared.pushed.store(++pushed_, std::memory_order_relaxed);
    shared.head.store(written_, std::memory_order_release);
}

void Ring::count_overflow() noexcept {
    Header& shared = header();
    shared.overflowed.store(shared.overflowed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void Ring::count_sampled() noexcept {
    Header& shared = header();
    shared.sampled.store(shared.sampled.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

Result<void> Ring::sync() noexcept { return file_.sync(); }

Ring::Drained Ring::drain(std::string& out, std::string& context, std::size_t max_bytes) const {
    const Header& shared = header();
    const std::uint64_t end = shared.head.load(std::memory_order_acquire);
    Drained drained;
    drained.position = shared.tail.load(std::memory_order_relaxed);
    const std::size_t start = out.size();
    while (drained.position < end) {
        if (out.size() - start >= max_bytes) {
            drained.more = true;
            break;
        }
        const std::size_t offset = drained.position & (capacity_ - 1);
        FrameHead head{};
        std::memcpy(&head, data_ + offset, sizeof head);
        if (head.size == kSkipToNextLap) {
            drained.position += capacity_ - offset;
            continue;
        }
        const std::size_t frame = frame_bytes(head.size);
        const char* bytes = data_ + offset + kFrameHead;
        if (offset + frame > capacity_ || drained.position + frame > end || crc32c(bytes, head.size) != head.checksum) {
            drained.torn = true;
            break;
        }
        const std::string_view record(bytes, head.size);
        if (is_context(record)) {
            context = record;
        } else {
            if (out.size() == start) append_frame(out, context);
            drained.any_flags |= flags_of(record);
            drained.all_flags &= flags_of(record);
            ++drained.events;
        }
        append_frame(out, record);
        drained.position += frame;
    }
    return drained;
}

void Ring::release(std::uint64_t position) noexcept { header().tail.store(position, std::memory_order_release); }

void Ring::skip_to(std::uint64_t position) noexcept {
    if (position > header().tail.load(std::memory_order_relaxed) &&
        position <= header().head.load(std::memory_order_relaxed)) {
        release(position);
    }
}

std::uint64_t Ring::id() const noexcept { return header().id; }
std::uint64_t Ring::pushed() const noexcept { return header().pushed.load(std::memory_order_relaxed); }
std::uint64_t Ring::sampled() const noexcept { return header().sampled.load(std::memory_order_acquire); }
std::uint64_t Ring::overflowed() const noexcept { return header().overflowed.load(std::memory_order_acquire); }

}  // namespace pulsekit
