// What the benchmarks share: the event they track, how they open a client, and how figures are taken and printed.
#pragma once

#include <pulsekit/client.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

using SteadyClock = std::chrono::steady_clock;

/// One figure, one line.
inline void print(const std::string& name, double value, const char* unit, int digits = 0) {
    std::printf("%s %.*f %s\n", name.c_str(), digits, value, unit);
    std::fflush(stdout);
}

/// Ends a benchmark that cannot go on.
[[noreturn]] inline void die(const std::string& what) {
    std::fprintf(stderr, "bench: %s\n", what.c_str());
    std::exit(1);
}

inline double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// By the wall clock, since 1970.
inline std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// The event of every benchmark: ten typed properties. A function of its own, so that callgrind can tell it apart.
[[gnu::noinline]] inline bool track_one(pulsekit::Client& client, int i) {
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

/// Tracks `count` events; where the ring is full it waits for the worker and tries again. Says how often it waited.
inline long track_all(pulsekit::Client& client, int first, int count) {
    long waits = 0;
    for (int i = first; i < first + count; ++i) {
        while (!track_one(client, i)) {
            ++waits;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    return waits;
}

/// The collector is down: every request fails at once.
class Unreachable final : public pulsekit::Transport {
public:
    pulsekit::Result<pulsekit::HttpResponse> send(const pulsekit::HttpRequest&) override {
        return pulsekit::Error{pulsekit::ErrorCode::unavailable, "no network in this benchmark"};
    }
};

/// Options as an application writes them, with a storage folder.
inline pulsekit::Options options_for(const std::string& storage,
                                     const std::string& endpoint = "http://nowhere.invalid") {
    pulsekit::Options options;
    options.endpoint = endpoint;
    options.api_key = "key";
    options.app_name = "bench";
    options.app_version = "1.42.0";
    options.storage_dir = storage;
    return options;
}

inline pulsekit::Options unreachable_options(const std::string& storage) {
    auto options = options_for(storage);
    options.transport = std::make_unique<Unreachable>();
    return options;
}

inline pulsekit::Client open(pulsekit::Options options) {
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) die(client.error().message);
    return std::move(*client);
}

/// A folder under the system's for temporary files, or under `root`, empty at first and gone at the end.
class Folder {
public:
    explicit Folder(const std::string& name, const std::filesystem::path& root = std::filesystem::temp_directory_path())
        : path_((root / ("pulsekit-bench-" + name)).string()) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline double quantile(std::vector<double>& samples, double q) {
    const auto at = samples.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(samples.size() - 1));
    std::nth_element(samples.begin(), at, samples.end());
    return *at;
}

/// Events dropped for a reason, by the client's own ledger.
inline double dropped(const pulsekit::Client& client, const char* reason) {
    const auto stats = client.stats();
    const auto found = stats.dropped.find(reason);
    return found == stats.dropped.end() ? 0 : static_cast<double>(found->second);
}

/// User and system time of this process.
inline double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace bench
