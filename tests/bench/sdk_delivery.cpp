// From track() to a collector that has it: over HTTP on this machine, to a process of its own.
#include "tests/bench/figures.hpp"
#include "tests/bench/sink.hpp"

int main(int argc, char** argv) {
    const int events = argc > 1 ? std::atoi(argv[1]) : 2'000'000;
    const bench::Sink sink;
    const bench::Folder storage("delivery");
    auto options = bench::options_for(storage.path(), sink.endpoint());
    options.max_queue_bytes = 8ull << 30;  // all of them are to arrive, however far the thread is ahead
    auto client = bench::open(std::move(options));

    const double cpu_before = bench::cpu_seconds();
    const auto start = bench::SteadyClock::now();
    const long waits = bench::track_all(client, 0, events);
    const double tracked = bench::seconds_since(start);
    const auto flushed = client.flush(std::chrono::minutes(5));
    const double took = bench::seconds_since(start);
    const double cpu = bench::cpu_seconds() - cpu_before;

    const auto delivered = static_cast<double>(client.stats().delivered);
    const auto& counts = sink.counts();
    (void)client.close(std::chrono::milliseconds(0));
    if (!flushed || delivered != events) {
        std::fprintf(stderr, "sdk_delivery: %.0f of %d events delivered\n", delivered, events);
        return 1;
    }
    bench::print("sdk.delivered.events", delivered, "events");
    bench::print("sdk.delivered.waits_for_room", static_cast<double>(waits), "waits");
    bench::print("sdk.delivered.tracking_s", tracked, "s", 2);
    bench::print("sdk.delivered.events_per_s", delivered / took, "events/s");
    bench::print("sdk.delivered.events_per_request",
                 static_cast<double>(counts.events) / static_cast<double>(counts.requests), "events");
    bench::print("sdk.cpu_us_per_event", cpu / delivered * 1e6, "us", 2);
    bench::print("sdk.wire_bytes_per_event", static_cast<double>(counts.body_bytes) / delivered, "bytes", 1);
    bench::print("sdk.json_bytes_per_event", static_cast<double>(counts.json_bytes) / delivered, "bytes", 1);
    return 0;
}
