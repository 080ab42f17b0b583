#include "support/sqlite/clean_pages.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <cstring>
#include <vector>

namespace pulsekit::sqlite {
namespace {

// In a file of fewer pages the first byte of a page that is no part of a tree, but of an overflow or of the free ones,
// is at most 1: the highest of the number of another page. The types of trees' pages are larger. Pages of pointer maps,
// which begin with anything, are only in files with auto_vacuum: none of ours has it.
constexpr sqlite3_int64 kMaxPages = sqlite3_int64{1} << 25;
constexpr std::size_t kFileHeader = 100;  // before the first page's own

/// SQLite knows the file by its first member; behind it lies the file of the default VFS.
struct alignas(std::max_align_t) CleanFile {
    sqlite3_file base;
};

sqlite3_vfs* default_vfs() {
    static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
    return found;
}

sqlite3_file* below(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<CleanFile*>(file) + 1);
}

std::size_t number_at(const unsigned char* bytes) { return std::size_t{bytes[0]} << 8 | bytes[1]; }

/// Between the list of a page's cells and the first of them (https://www.sqlite.org/fileformat.html, 1.6).
void clear_gap(unsigned char* page, std::size_t size, bool is_first) {
    const std::size_t header = is_first ? kFileHeader : 0;
    const unsigned char type = page[header];
    const bool is_interior = type == 2 || type == 5;
    if (!is_interior && type != 10 && type != 13) return;
    const std::size_t begin = header + (is_interior ? 12 : 8) + 2 * number_at(page + header + 3);
    std::size_t end = number_at(page + header + 5);
    if (end == 0) end = 65536;
    if (begin < end && end <= size) std::memset(page + begin, 0, end - begin);
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    auto* real = below(file);
    const bool is_page = size >= 512 && (size & (size - 1)) == 0 && offset % size == 0 && offset / size < kMaxPages;
    if (!is_page) return real->pMethods->xWrite(real, bytes, size, offset);
    thread_local std::vector<unsigned char> page;
    const auto* first = static_cast<const unsigned char*>(bytes);
    page.assign(first, first + size);
    clear_gap(page.data(), page.size(), offset == 0);
    return real->pMethods->xWrite(real, page.data(), size, offset);
}

int close(sqlite3_file* file) { return below(file)->pMethods->xClose(below(file)); }
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
    return below(file)->pMethods->xRead(below(file), to, size, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) { return below(file)->pMethods->xTruncate(below(file), size); }
int sync(sqlite3_file* file, int flags) { return below(file)->pMethods->xSync(below(file), flags); }
int file_size(sqlite3_file* file, sqlite3_int64* size) { return below(file)->pMethods->xFileSize(below(file), size); }
int lock(sqlite3_file* file, int level) { return below(file)->pMethods->xLock(below(file), level); }
int unlock(sqlite3_file* file, int level) { return below(file)->pMethods->xUnlock(below(file), level); }
int check_lock(sqlite3_file* file, int* held) { return below(file)->pMethods->xCheckReservedLock(below(file), held); }
int control(sqlite3_file* file, int what, void* with) {
    return below(file)->pMethods->xFileControl(below(file), what, with);
}
int sector_size(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int characteristics(sqlite3_file* file) { return below(file)->pMethods->xDeviceCharacteristics(below(file)); }
int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
    return below(file)->pMethods->xShmMap(below(file), region, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}
void barrier(sqlite3_file* file) { below(file)->pMethods->xShmBarrier(below(file)); }
int unmap_shared(sqlite3_file* file, int remove) { return below(file)->pMethods->xShmUnmap(below(file), remove); }
int fetch(sqlite3_file* file, sqlite3_int64 offset, int size, void** memory) {
    return below(file)->pMethods->xFetch(below(file), offset, size, memory);
}
int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* memory) {
    return below(file)->pMethods->xUnfetch(below(file), offset, memory);
}

constexpr sqlite3_io_methods kMethods = {
    3,          close,   read,        write,           truncate,   sync,        file_size, lock,         unlock,
    check_lock, control, sector_size, characteristics, map_shared, lock_shared, barrier,   unmap_shared, fetch,
    unfetch};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* vfs = default_vfs();
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return vfs->xOpen(vfs, name, file, flags, out_flags);
    file->pMethods = nullptr;
    const int result = vfs->xOpen(vfs, name, below(file), flags, out_flags);
    if (below(file)->pMethods == nullptr) return result;
    if (below(file)->pMethods->iVersion < kMethods.iVersion) {
        below(file)->pMethods->xClose(below(file));
        return SQLITE_CANTOPEN;
    }
    file->pMethods = &kMethods;  // also where it failed: then SQLite closes it
    return result;
}

}  // namespace

const char* clean_pages_vfs() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs made{};
        if (default_vfs() == nullptr) return made;
        made = *default_vfs();
        made.zName = "pulsekit-clean-pages";
        made.pNext = nullptr;
        made.szOsFile += static_cast<int>(sizeof(CleanFile));
        made.xOpen = open;
        return made;
    }();
    static const bool registered = vfs.zName != nullptr && sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
    return registered ? vfs.zName : nullptr;
}

}  // namespace pulsekit::sqlite
