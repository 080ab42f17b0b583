#include "store/local/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

Error failed(const std::string& path, int why) { return {ErrorCode::unavailable, path + ": " + std::strerror(why)}; }

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<void> write_whole(const std::string& path, std::string_view bytes) {
    const std::string partial = path + ".partial";
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return failed(partial, errno);
    const bool written = write_all(fd, bytes) && ::fsync(fd) == 0;
    const int why = errno;
    ::close(fd);
    if (!written || std::rename(partial.c_str(), path.c_str()) != 0) {
        const auto error = failed(partial, written ? errno : why);
        ::unlink(partial.c_str());
        return error;
    }
    sync_folder(std::filesystem::path(path).parent_path().string());
    return {};
}

Result<std::string> read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return failed(path, ENOENT);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

void sync_folder(const std::string& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

}  // namespace collector::store::local
