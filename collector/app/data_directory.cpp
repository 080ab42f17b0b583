#include "app/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace collector::app {

using pulsekit::Error;
using pulsekit::ErrorCode;

void DataDirectory::CloseFile::operator()(const int* fd) const noexcept {
    ::close(*fd);
    delete fd;
}

pulsekit::Result<DataDirectory> DataDirectory::open(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error)
        return Error{ErrorCode::unavailable, "cannot create the data directory " + path + ": " + error.message()};
    const std::string file = path + "/lock";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return Error{ErrorCode::unavailable,
                     "cannot write to the data directory: " + file + ": " + std::strerror(errno)};
    Lock lock(new const int(fd));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return Error{ErrorCode::conflict, "the data directory " + path + " is in use by another collector"};
    }
    return DataDirectory(std::move(lock));
}

}  // namespace collector::app
