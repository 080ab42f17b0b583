#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "src/files.hpp"

namespace pulsekit {
namespace {

Error failure(const char* what, const std::string& path, int number) {
    return Error{ErrorCode::unavailable, std::string(what) + " " + path + ": " + std::strerror(number)};
}

}  // namespace

std::filesystem::path native_path(const std::string& path) { return path; }

Result<void> rename_to_new(const std::string& from, const std::string& to) {
    // Not rename(), which replaces.
    if (::link(from.c_str(), to.c_str()) == 0) {
        ::unlink(from.c_str());
        return {};
    }
    // Android and FAT have no links: there two processes that look at the same moment may both go on.
    if (errno == EEXIST || ::access(to.c_str(), F_OK) == 0) return Error{ErrorCode::conflict, to + " is there already"};
    if (::rename(from.c_str(), to.c_str()) != 0) return failure("cannot write", to, errno);
    return {};
}

Result<void> sync_folder(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failure("cannot open", path, errno);
    // EINVAL: a file system that has no such thing.
    const int error = ::fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
    ::close(fd);
    if (error != 0) return failure("cannot sync", path, error);
    return {};
}

void FileLock::Release::operator()(const std::intptr_t* file) const noexcept {
    ::close(static_cast<int>(*file));
    delete file;
}

Result<FileLock> FileLock::take(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return failure("cannot write", path, errno);
    FileLock lock(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return Error{errno == EWOULDBLOCK ? ErrorCode::conflict : ErrorCode::unavailable, "cannot lock " + path};
    }
    return lock;
}

}  // namespace pulsekit
