// What track() costs the caller: an event with ten typed properties into the journal, the worker draining beside it.
// Prints `name value unit` lines. Every call is timed alone; the cost of the timing itself is measured first, printed
// and subtracted.
#include <pulsekit/client.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// Takes everything, as a collector on the moon would: the queue and the uploader are not what is measured.
class NoNetwork final : public pulsekit::Transport {
public:
    pulsekit::Result<pulsekit::HttpResponse> send(const pulsekit::HttpRequest&) override {
        return pulsekit::Error{pulsekit::ErrorCode::unavailable, "no network in this benchmark"};
    }
};

bool track_one(pulsekit::Client& client, int i) {
    return bool(client.track("level_complete", {{"session_mark", "Zq7x0000000y"},
                                                {"level", i % 60},
                                                {"score", 1234.5 + i},
                                                {"duration_ms", 81234},
                                                {"weapon", "plasma_rifle"},
                                                {"map", "canyon_night_02"},
                                                {"fps", 59.94},
                                                {"is_win", true},
                                                {"ping", 34},
                                                {"build", "1.42.0-rc3"}}));
}

double nanoseconds(Clock::duration took) { return std::chrono::duration<double, std::nano>(took).count(); }

/// A burst of calls, a pause, as frames come: `pause` is long enough for the worker to keep up, so that what is timed
/// is the journal taking events and not refusing them.
std::vector<double> timed(int count, std::chrono::milliseconds pause, const auto& call) {
    std::vector<double> samples;
    samples.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        const auto start = Clock::now();
        call(i);
        samples.push_back(nanoseconds(Clock::now() - start));
        if (i % 256 == 255) std::this_thread::sleep_for(pause);
    }
    return samples;
}

double quantile(std::vector<double>& samples, double q) {
    const auto at = samples.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(samples.size() - 1));
    std::nth_element(samples.begin(), at, samples.end());
    return *at;
}

void report(const std::string& prefix, std::vector<double> samples, double floor) {
    for (const auto& [name, q] : {std::pair("p50", 0.5), std::pair("p99", 0.99), std::pair("p999", 0.999)}) {
        std::printf("%s.%s_ns %.0f ns\n", prefix.c_str(), name, std::max(0.0, quantile(samples, q) - floor));
    }
}

pulsekit::Client open(const std::string& storage) {
    pulsekit::Options options;
    options.endpoint = "http://nowhere.invalid";
    options.api_key = "key";
    options.app_name = "bench";
    options.storage_dir = storage;
    options.close_deadline = std::chrono::milliseconds(0);
    options.transport = std::make_unique<NoNetwork>();
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) std::abort();
    return std::move(*client);
}

}  // namespace

int main() {
    const std::string storage = (std::filesystem::temp_directory_path() / "pulsekit-bench-track").string();
    std::filesystem::remove_all(storage);
    {
        auto client = open(storage);
        constexpr int kCalls = 200'000;
        constexpr std::chrono::milliseconds kAlone{2};
        constexpr std::chrono::milliseconds kTogether{8};
        auto nothing = timed(kCalls, kAlone, [](int) {});
        const double floor = quantile(nothing, 0.5);
        std::printf("sdk.track.harness_floor_ns %.0f ns\n", floor);
        timed(10'000, kAlone, [&](int i) { track_one(client, i); });  // warms up
        report("sdk.track", timed(kCalls, kAlone, [&](int i) { track_one(client, i); }), floor);

        constexpr int kThreads = 4;
        std::vector<std::vector<double>> each(kThreads);
        std::vector<std::thread> threads;
        for (auto& samples : each) {
            threads.emplace_back([&] {
                timed(10'000, kTogether, [&](int i) { track_one(client, i); });
                samples = timed(kCalls / kThreads, kTogether, [&](int i) { track_one(client, i); });
            });
        }
        for (auto& thread : threads) thread.join();
        std::vector<double> all;
        for (const auto& samples : each) all.insert(all.end(), samples.begin(), samples.end());
        report("sdk.track.4t", std::move(all), floor);
        const auto stats = client.stats();
        const auto full = stats.dropped.count("journal_full") ? stats.dropped.at("journal_full") : 0;
        std::printf("sdk.track.refused %llu events\n", static_cast<unsigned long long>(full));
    }
    std::filesystem::remove_all(storage);
    return 0;
}
