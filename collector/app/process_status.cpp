#include "app/process_status.hpp"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace collector::app {
namespace {

namespace fs = std::filesystem;

/// When the machine started, in seconds since 1970.
double boot_seconds() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;) {
        double seconds = 0;
        if (word == "btime" && file >> seconds) return seconds;
    }
    return 0;
}

void read_stat(ProcessStatus& status) {
    std::ifstream file("/proc/self/stat");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    // The second field is the program's name in parentheses, and may hold anything, more of them too (proc(5)).
    const auto end = line.rfind(')');
    if (end == std::string::npos) return;
    std::istringstream fields(line.substr(end + 1));
    const auto skip = [&fields](int count) {
        std::string ignored;
        while (count-- > 0) fields >> ignored;
    };
    double user = 0, system = 0, started = 0, pages = 0;
    skip(11);
    fields >> user >> system;
    skip(4);
    fields >> status.threads;
    skip(1);
    fields >> started >> status.virtual_bytes >> pages;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    status.cpu_seconds = (user + system) / ticks;
    status.start_seconds = boot_seconds() + started / ticks;
    status.resident_bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessStatus process_status() {
    ProcessStatus status;
    read_stat(status);
    std::error_code error;
    for (fs::directory_iterator file("/proc/self/fd", error), end; !error && file != end; file.increment(error))
        ++status.open_files;
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) status.open_files_limit = limit.rlim_cur;
    return status;
}

DiskStatus disk_status(const std::string& directory) {
    DiskStatus status;
    std::error_code error;
    for (fs::recursive_directory_iterator file(directory, error), end; !error && file != end; file.increment(error)) {
        std::error_code gone;  // meanwhile
        if (file->is_regular_file(gone)) {
            const auto size = file->file_size(gone);
            if (!gone) status.data_bytes += size;
        }
    }
    struct statvfs disk {};
    if (::statvfs(directory.c_str(), &disk) == 0) status.free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    return status;
}

}  // namespace collector::app
