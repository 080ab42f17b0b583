#include <cstring>
#include <system_error>

#include "src/mapped_file.hpp"
#include "src/wide_text.hpp"

namespace pulsekit {
namespace {

Error failure(const char* what, const std::string& path, DWORD number) {
    return Error{ErrorCode::unavailable,
                 std::string(what) + " " + path + ": " + std::system_category().message(static_cast<int>(number))};
}

struct Close {
    void operator()(void* handle) const noexcept { ::CloseHandle(handle); }
};
using Handle = std::unique_ptr<void, Close>;

Handle open_file(const std::string& path, DWORD disposition) {
    const HANDLE file = ::CreateFileW(wide_text(path).c_str(), GENERIC_READ | GENERIC_WRITE,
                                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr, disposition,
                                      FILE_ATTRIBUTE_NORMAL, nullptr);
    return Handle(file == INVALID_HANDLE_VALUE ? nullptr : file);
}

/// Takes the room now: a file that is neither sparse nor compressed owns its clusters as soon as it has its size.
bool allocate(HANDLE file, std::size_t size) {
    LARGE_INTEGER end;
    end.QuadPart = static_cast<LONGLONG>(size);
    return ::SetFilePointerEx(file, end, nullptr, FILE_BEGIN) && ::SetEndOfFile(file);
}

void* map(HANDLE file, std::size_t size) {
    const auto wide_size = static_cast<unsigned long long>(size);
    // The view keeps the mapping, and the mapping the file: no handle has to.
    const Handle mapping(::CreateFileMappingW(file, nullptr, PAGE_READWRITE, static_cast<DWORD>(wide_size >> 32),
                                              static_cast<DWORD>(wide_size), nullptr));
    return mapping ? ::MapViewOfFile(mapping.get(), FILE_MAP_ALL_ACCESS, 0, 0, size) : nullptr;
}

}  // namespace

void MappedFile::Unmap::operator()(void* mapping) const noexcept { ::UnmapViewOfFile(mapping); }

Result<MappedFile> MappedFile::create(const std::string& path, std::size_t size) {
    Handle file = open_file(path, CREATE_NEW);
    if (!file) return failure("cannot create", path, ::GetLastError());
    if (!allocate(file.get(), size)) {
        const DWORD error = ::GetLastError();
        file.reset();
        ::DeleteFileW(wide_text(path).c_str());
        return failure("no room for", path, error);
    }
    void* mapping = map(file.get(), size);
    if (!mapping) return failure("cannot map", path, ::GetLastError());
    std::memset(mapping, 0, size);  // touches every page: the first events must not pay for page faults
    return MappedFile(mapping, size, path);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    const Handle file = open_file(path, OPEN_EXISTING);
    if (!file) return failure("cannot open", path, ::GetLastError());
    LARGE_INTEGER end;
    if (!::GetFileSizeEx(file.get(), &end)) return failure("cannot read", path, ::GetLastError());
    if (end.QuadPart == 0) return Error{ErrorCode::corrupt, path + " is empty"};
    const auto size = static_cast<std::size_t>(end.QuadPart);
    void* mapping = map(file.get(), size);
    if (!mapping) return failure("cannot map", path, ::GetLastError());
    return MappedFile(mapping, size, path);
}

Result<MappedFile> MappedFile::anonymous(std::size_t size) {
    void* mapping = map(INVALID_HANDLE_VALUE, size);
    if (!mapping) return failure("cannot map", "memory", ::GetLastError());
    return MappedFile(mapping, size, {});
}

Result<void> MappedFile::sync() noexcept {
    if (path_.empty()) return {};
    // The view's pages go to the system, and only the file's flush goes on to the disk.
    const Handle file = open_file(path_, OPEN_EXISTING);
    if (!file || !::FlushViewOfFile(data(), size()) || !::FlushFileBuffers(file.get())) {
        return failure("cannot sync", path_, ::GetLastError());
    }
    return {};
}

}  // namespace pulsekit
