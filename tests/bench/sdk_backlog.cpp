// The collector is down and the application goes on: what ten million events do to memory and disk.
#include "tests/bench/figures.hpp"

#include <cstring>
#include <fstream>

namespace {

/// A line of /proc/self/status, in MB.
double status_mb(const char* name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(name, 0) == 0) return std::strtod(line.c_str() + std::strlen(name) + 1, nullptr) / 1024;
    }
    return 0;
}

double disk_mb(const std::string& folder) {
    double bytes = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        std::error_code gone;
        const auto size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
        if (!gone) bytes += static_cast<double>(size);
    }
    return bytes / 1024 / 1024;
}

}  // namespace

int main(int argc, char** argv) {
    constexpr int kPart = 100'000;
    const int parts = (argc > 1 ? std::atoi(argv[1]) : 10'000'000) / kPart;
    const bench::Folder storage("backlog");
    auto client = bench::open(bench::unreachable_options(storage.path()));
    bench::track_all(client, 0, kPart);
    const double first = status_mb("VmRSS:");
    std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM begins anew
    double disk = 0;
    for (int part = 1; part < parts; ++part) {
        bench::track_all(client, part * kPart, kPart);
        if (part % 10 == 9) disk = std::max(disk, disk_mb(storage.path()));
    }
    bench::print("sdk.backlog.events", static_cast<double>(parts) * kPart, "events");
    bench::print("sdk.backlog.rss_mb", status_mb("VmHWM:"), "MB", 1);
    bench::print("sdk.backlog.rss_growth_mb", status_mb("VmHWM:") - first, "MB", 1);
    bench::print("sdk.backlog.disk_mb", disk, "MB", 1);
    (void)client.close(std::chrono::milliseconds(0));
    return 0;
}
