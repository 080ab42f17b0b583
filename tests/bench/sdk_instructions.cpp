// Some thousand track() calls for callgrind to count the instructions of; `scripts/bench sdk` runs it. The ring takes
// them all: under callgrind the worker is too slow to be waited for.
#include "tests/bench/figures.hpp"

int main() {
    const bench::Folder storage("instructions");
    auto options = bench::unreachable_options(storage.path());
    options.journal_bytes_per_thread = 32 * 1024 * 1024;
    auto client = bench::open(std::move(options));
    (void)client.track("first");  // makes the ring
    constexpr int kCalls = 20'000;
    for (int i = 0; i < kCalls; ++i) bench::track_one(client, i);
    bench::print("sdk.track.instructions.calls", kCalls - bench::dropped(client, "journal_full"), "calls");
    (void)client.close(std::chrono::milliseconds(0));
    return 0;
}
