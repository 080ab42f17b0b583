#include "src/files.hpp"

#include <system_error>

#include "src/wide_text.hpp"

namespace pulsekit {
namespace {

Error failure(const char* what, const std::string& path, DWORD number) {
    return Error{ErrorCode::unavailable,
                 std::string(what) + " " + path + ": " + std::system_category().message(static_cast<int>(number))};
}

}  // namespace

std::filesystem::path native_path(const std::string& path) { return wide_text(path); }

Result<void> rename_to_new(const std::string& from, const std::string& to) {
    // Without MOVEFILE_REPLACE_EXISTING.
    if (::MoveFileExW(wide_text(from).c_str(), wide_text(to).c_str(), 0)) return {};
    const DWORD error = ::GetLastError();
    if (error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS) {
        return Error{ErrorCode::conflict, to + " is there already"};
    }
    return failure("cannot write", to, error);
}

Result<void> sync_folder(const std::string&) { return {}; }  // NTFS keeps a journal of its folders

void FileLock::Release::operator()(const std::intptr_t* file) const noexcept {
    ::CloseHandle(reinterpret_cast<HANDLE>(*file));
    delete file;
}

Result<FileLock> FileLock::take(const std::string& path) {
    const HANDLE file =
        ::CreateFileW(wide_text(path).c_str(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                      nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) return failure("cannot write", path, ::GetLastError());
    FileLock lock(reinterpret_cast<std::intptr_t>(file));
    OVERLAPPED start{};
    if (!::LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &start)) {
        const DWORD error = ::GetLastError();
        const bool taken = error == ERROR_LOCK_VIOLATION || error == ERROR_IO_PENDING;
        return Error{taken ? ErrorCode::conflict : ErrorCode::unavailable, "cannot lock " + path};
    }
    return lock;
}

}  // namespace pulsekit
