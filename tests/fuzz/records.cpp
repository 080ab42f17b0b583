// Records of any bytes: read, cut into chunks, spoken. The first byte says how many events to skip.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/events.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pulsekit;
    if (size == 0) return 0;
    const std::size_t skip = data[0] % 4;
    const std::string_view frames(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t events = fuzz::count_events(frames);
    if (events < skip) return 0;
    fuzz::read(frames, skip, events - skip);
    (void)ContextView::parse(frames);
    const auto chunks = cut_into_chunks(frames);
    if (!chunks) return 0;
    std::size_t in_chunks = 0;
    for (const auto& chunk : *chunks) {
        fuzz::require(fuzz::count_events(chunk.records) == chunk.count, "a chunk counts its events wrong");
        fuzz::read(chunk.records, 0, chunk.count);
        in_chunks += chunk.count;
    }
    fuzz::require(in_chunks == events, "cutting into chunks lost events");
    return 0;
}
