#include "src/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pulsekit {
namespace {

Error failure(const char* what, const std::string& path, int number) {
    return Error{ErrorCode::unavailable, std::string(what) + " " + path + ": " + std::strerror(number)};
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

int write_zeros(int fd, std::size_t size) {
    const char zeros[4096] = {};
    while (size > 0) {
        const auto written = ::write(fd, zeros, std::min(size, sizeof zeros));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? errno : ENOSPC;
        size -= static_cast<std::size_t>(written);
    }
    return 0;
}

/// What the system has for it; an error when it, or this file system, has nothing.
int reserve(int fd, std::size_t size) {
#if defined(__APPLE__)
    fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, static_cast<off_t>(size), 0};
    if (::fcntl(fd, F_PREALLOCATE, &store) == -1) return errno;
    return ::ftruncate(fd, static_cast<off_t>(size)) == 0 ? 0 : errno;
#elif defined(__ANDROID__) && __ANDROID_API__ < 21
    (void)fd, (void)size;
    return EOPNOTSUPP;
#else
    return ::posix_fallocate(fd, 0, static_cast<off_t>(size));
#endif
}

/// Reserves every block now: a write to an unreserved page of a full disk would kill the process with SIGBUS.
int allocate(int fd, std::size_t size) {
    const int error = reserve(fd, size);
    const bool unsupported = error == EOPNOTSUPP || error == ENOTSUP || error == EINVAL || error == ENOSYS;
    return unsupported ? write_zeros(fd, size) : error;
}

void* map(int fd, std::size_t size, int flags) {
    void* mapping = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);
    return mapping == MAP_FAILED ? nullptr : mapping;
}

}  // namespace

void MappedFile::Unmap::operator()(void* mapping) const noexcept { ::munmap(mapping, size); }

Result<MappedFile> MappedFile::create(const std::string& path, std::size_t size) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return failure("cannot create", path, errno);
    if (const int error = allocate(file.get(), size); error != 0) {
        ::unlink(path.c_str());
        return failure("no room for", path, error);
    }
    void* mapping = map(file.get(), size, 0);
    if (!mapping) return failure("cannot map", path, errno);
    std::memset(mapping, 0, size);  // touches every page: the first events must not pay for page faults
    return MappedFile(mapping, size, path);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (file.get() < 0) return failure("cannot open", path, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failure("cannot read", path, errno);
    if (status.st_size == 0) return Error{ErrorCode::corrupt, path + " is empty"};
    const auto size = static_cast<std::size_t>(status.st_size);
    void* mapping = map(file.get(), size, 0);
    if (!mapping) return failure("cannot map", path, errno);
    return MappedFile(mapping, size, path);
}

Result<MappedFile> MappedFile::anonymous(std::size_t size) {
    void* mapping = map(-1, size, MAP_ANONYMOUS);
    if (!mapping) return failure("cannot map", "memory", errno);
    return MappedFile(mapping, size, {});
}

Result<void> MappedFile::sync() noexcept {
    if (path_.empty()) return {};
    if (::msync(data(), size(), MS_SYNC) != 0) return failure("cannot sync", path_, errno);
#if defined(__APPLE__)
    // There msync() stops at the disk's own memory.
    const Descriptor file(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    if (file.get() < 0 || ::fcntl(file.get(), F_FULLFSYNC) == -1) return failure("cannot sync", path_, errno);
#endif
    return {};
}

}  // namespace pulsekit
