// Ring files of any bytes, as a start finds them after the death of the machine. The first byte says what the rest is:
// even, the whole file; odd, the frames of a ring whose head and checksums are right, for chance would find neither.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <unistd.h>

#include "src/ring.hpp"
#include "tests/fuzz/events.hpp"

namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kCapacity = 8192;
constexpr std::size_t kHeadAt = 64;

const std::string& path() {
    static const std::string path = "/tmp/pulsekit-fuzz-" + std::to_string(::getpid()) + ".ring";
    return path;
}

/// The file of an empty ring, by the ring itself.
std::string empty_file() {
    std::remove(path().c_str());
    pulsekit::fuzz::require(pulsekit::Ring::create(path(), kCapacity, 1).ok(), "a ring cannot be made");
    std::string bytes(kHeaderBytes + kCapacity, '\0');
    std::FILE* file = std::fopen(path().c_str(), "rb");
    pulsekit::fuzz::require(file && std::fread(&bytes[0], 1, bytes.size(), file) == bytes.size(), "no file");
    std::fclose(file);
    return bytes;
}

std::string with_frames(const std::uint8_t* data, std::size_t size) {
    static const std::string empty = empty_file();
    std::string file = empty;
    size = std::min(size, kCapacity) & ~std::size_t{7};
    char* frames = &file[kHeaderBytes];
    if (size != 0) std::memcpy(frames, data, size);
    const std::uint64_t head = size;
    std::memcpy(&file[kHeadAt], &head, sizeof head);
    for (std::size_t at = 0; at + 8 <= size;) {
        std::uint32_t length = 0;
        std::memcpy(&length, frames + at, sizeof length);
        if (length > size - at - 8) break;
        const std::uint32_t checksum = pulsekit::Ring::frame_checksum(at, frames + at + 8, length);
        std::memcpy(frames + at + 4, &checksum, sizeof checksum);
        at += (8 + std::size_t{length} + 7) & ~std::size_t{7};
    }
    return file;
}

void write(const std::string& bytes) {
    std::FILE* file = std::fopen(path().c_str(), "wb");
    pulsekit::fuzz::require(file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size(), "no file");
    std::fclose(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pulsekit;
    if (size == 0) return 0;
    write(data[0] % 2 == 0 ? std::string(reinterpret_cast<const char*>(data) + 1, size - 1)
                           : with_frames(data + 1, size - 1));
    auto ring = Ring::recover(path());
    if (ring.ok()) {
        std::string context = Context().encoded();
        Ring::Drained drained;
        std::uint64_t before = 0;
        do {
            std::string frames;
            drained = (*ring)->drain(frames, context, 1024);
            fuzz::require(fuzz::count_events(frames) == drained.events, "a ring counts its events wrong");
            fuzz::require(!drained.more || drained.position > before, "draining a ring does not end");
            before = drained.position;
            fuzz::read(frames, 0, drained.events);
            (*ring)->release(drained.position);
        } while (drained.more);
    }
    std::remove(path().c_str());
    return 0;
}
