// What track() costs the caller: an event with ten typed properties into the journal, the worker draining beside it.
// Every call is timed alone; the cost of the timing itself is measured first, printed and subtracted.
#include "tests/bench/figures.hpp"

namespace {

using bench::SteadyClock;
using std::chrono::milliseconds;

constexpr int kBurst = 1'000;

/// A burst of calls, a pause, as frames come: `pause` is long enough for the worker to keep up, so that what is timed
/// is the journal taking events and not refusing them.
std::vector<double> timed(int count, milliseconds pause, const auto& call) {
    std::vector<double> samples;
    samples.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        const auto start = SteadyClock::now();
        call(i);
        samples.push_back(std::chrono::duration<double, std::nano>(SteadyClock::now() - start).count());
        if (i % kBurst == kBurst - 1) std::this_thread::sleep_for(pause);
    }
    return samples;
}

void report(const std::string& prefix, std::vector<double> samples, double floor) {
    for (const auto& [name, q] : {std::pair("p50", 0.5), std::pair("p99", 0.99), std::pair("p999", 0.999)}) {
        bench::print(prefix + "." + name + "_ns", std::max(0.0, bench::quantile(samples, q) - floor), "ns");
    }
}

/// Bursts that fit the ring, only the producer's time: what one core can put into the journal.
double events_per_second(pulsekit::Client& client) {
    constexpr int kBursts = 200;
    SteadyClock::duration took{0};
    for (int burst = 0; burst < kBursts; ++burst) {
        const auto start = SteadyClock::now();
        for (int i = 0; i < kBurst; ++i) bench::track_one(client, i);
        took += SteadyClock::now() - start;
        std::this_thread::sleep_for(milliseconds(25));
    }
    return kBurst * kBursts / std::chrono::duration<double>(took).count();
}

}  // namespace

int main() {
    const bench::Folder storage("track");
    auto client = bench::open(bench::unreachable_options(storage.path()));
    constexpr int kCalls = 200'000;
    constexpr milliseconds kAlone{16};
    constexpr milliseconds kTogether{64};
    auto nothing = timed(kCalls, kAlone, [](int) {});
    const double floor = bench::quantile(nothing, 0.5);
    bench::print("sdk.track.harness_floor_ns", floor, "ns");
    timed(10'000, kAlone, [&](int i) { bench::track_one(client, i); });  // warms up
    report("sdk.track", timed(kCalls, kAlone, [&](int i) { bench::track_one(client, i); }), floor);

    constexpr int kThreads = 4;
    std::vector<std::vector<double>> each(kThreads);
    std::vector<std::thread> threads;
    for (auto& samples : each) {
        threads.emplace_back([&] {
            timed(10'000, kTogether, [&](int i) { bench::track_one(client, i); });
            samples = timed(kCalls / kThreads, kTogether, [&](int i) { bench::track_one(client, i); });
        });
    }
    for (auto& thread : threads) thread.join();
    std::vector<double> all;
    for (const auto& samples : each) all.insert(all.end(), samples.begin(), samples.end());
    report("sdk.track.4t", std::move(all), floor);

    bench::print("sdk.journal.events_per_s", events_per_second(client), "events/s");
    bench::print("sdk.track.refused", bench::dropped(client, "journal_full"), "events");
    (void)client.close(milliseconds(0));
    return 0;
}
