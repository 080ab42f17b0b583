// What a request costs between the server and the writer: credentials, JSON, the dialect and the steps, in one thread,
// without sockets and without a store. Replaces malloc itself to count what is asked of it.
#include "tests/bench/ingest_pipeline.hpp"

namespace {
thread_local long allocations = 0;
}

extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT: glibc's own names
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    ++allocations;
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
}

namespace {

void measure(const std::string& name, std::size_t batch, long requests) {
    std::size_t taken = 0;
    bench::IngestSide side([&taken](const auto& events) { taken += events.size(); });
    bench::Events events(bench::Ids::ordered);
    auto prepared = events.prepare(batch, side.key());
    events.renew(prepared, side.now_ms());
    const std::string body = bench::IngestSide::body_of(prepared);
    for (int i = 0; i < 3; ++i) side.handle(body);
    const long asked = allocations;
    const double before = bench::cpu_seconds();
    taken = 0;
    for (long i = 0; i < requests; ++i) side.handle(body);
    const double spent = bench::cpu_seconds() - before;
    if (taken != batch * static_cast<std::size_t>(requests)) std::abort();
    const auto count = static_cast<double>(taken);
    bench::print(name + ".cpu_us_per_event", spent / count * 1e6, "us", 3);
    bench::print(name + ".allocations_per_event", static_cast<double>(allocations - asked) / count, "allocations", 2);
}

}  // namespace

int main() {
    measure("ingest.decode.batch1000", 1000, 500);
    measure("ingest.decode.single", 1, 100'000);
    return 0;
}
