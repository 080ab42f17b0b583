#include "src/ring.hpp"

#include <new>

#include "src/record.hpp"

namespace pulsekit {
namespace {

constexpr std::uint64_t kMagic = 0x33474e4952534b50;  // "PKSRING3"

}  // namespace

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "the ring is shared with the kernel, not with a lock");

Ring::Ring(MappedFile file, std::size_t capacity)
    : file_(std::move(file)),
      header_(reinterpret_cast<Header*>(file_.data())),
      capacity_(capacity),
      data_(file_.data() + kHeaderBytes) {}

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

void Ring::skip_lap() noexcept {
    const FrameHead skip{kSkipToNextLap, 0};
    std::memcpy(data_ + (written_ & (capacity_ - 1)), &skip, sizeof skip);
    written_ += reserved_skip_;
    reserved_skip_ = 0;
}

void Ring::count_overflow() noexcept {
    Header& shared = header();
    shared.overflowed.store(shared.overflowed.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void Ring::count_sampled() noexcept {
    Header& shared = header();
    shared.sampled.store(shared.sampled.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

Result<void> Ring::sync() noexcept {
    synced_to_.store(written_, std::memory_order_relaxed);  // first: the worker must not take it for unsynced
    return file_.sync();
}

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
        if (offset + frame > capacity_ || drained.position + frame > end || head.size == 0 ||
            frame_checksum(drained.position, bytes, head.size) != head.checksum) {
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
    const std::uint64_t head = header().head.load(std::memory_order_relaxed);
    if (position > header().tail.load(std::memory_order_relaxed)) release(position < head ? position : head);
}

std::uint64_t Ring::id() const noexcept { return header().id; }
std::uint64_t Ring::pushed() const noexcept { return header().pushed.load(std::memory_order_relaxed); }
std::uint64_t Ring::sampled() const noexcept { return header().sampled.load(std::memory_order_acquire); }
std::uint64_t Ring::overflowed() const noexcept { return header().overflowed.load(std::memory_order_acquire); }

}  // namespace pulsekit
