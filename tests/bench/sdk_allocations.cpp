// How often track() asks for memory once a thread has tracked its first event. Replaces malloc itself, which operator
// new calls too.
#include "tests/bench/figures.hpp"

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

int main() {
    const bench::Folder storage("allocations");
    auto client = bench::open(bench::unreachable_options(storage.path()));
    bench::track_one(client, 0);
    constexpr int kCalls = 100'000;
    const long before = allocations;
    if (before == 0) return 1;  // the hook does not work
    bench::track_all(client, 1, kCalls);
    bench::print("sdk.track.allocations", static_cast<double>(allocations - before) / kCalls, "per_call", 2);
    (void)client.close(std::chrono::milliseconds(0));
    return 0;
}
