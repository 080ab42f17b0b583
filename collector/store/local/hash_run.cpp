#include "store/local/hash_run.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "crypto/hash.hpp"
#include "support/checksum.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr char kMagic[8] = {'P', 'K', 'H', 'R', 'U', 'N', '0', '1'};
constexpr std::size_t kBlockWords = 8;
constexpr std::size_t kEntriesPerBlock = 42;  // some 12 bits each: one key in a hundred is looked for in vain
constexpr int kProbes = 6;

Error failed(const std::string& path) { return Error{ErrorCode::unavailable, path + ": " + std::strerror(errno)}; }

/// Puts a folder's list of names on the disk.
void sync_folder(const std::string& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

bool write_all(int fd, const void* bytes, std::size_t size) {
    const char* at = static_cast<const char*>(bytes);
    while (size > 0) {
        const auto written = ::write(fd, at, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += written;
        size -= static_cast<std::size_t>(written);
    }
    return true;
}

std::string name_of(const std::string& folder, RowRange rows) {
    char name[64];
    std::snprintf(name, sizeof name, "%016llx-%016llx.run", static_cast<unsigned long long>(rows.first),
                  static_cast<unsigned long long>(rows.last));
    return (std::filesystem::path(folder) / name).string();
}

}  // namespace

HashEntry hash_entry(std::string_view key, std::int64_t value) {
    const auto digest = crypto::sha256(key);
    HashEntry entry;
    std::uint16_t rest = 0;
    std::memcpy(&entry.high, digest.data(), sizeof entry.high);
    std::memcpy(&rest, digest.data() + sizeof entry.high, sizeof rest);
    entry.low = std::uint64_t{rest} << 48;
    entry.set_value(value);
    return entry;
}

Result<void> HashRun::put(const std::string& path, const Header& header, const std::vector<HashEntry>& entries) {
    const std::string partial = path + ".partial";
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return failed(partial);
    const bool written = write_all(fd, &header, sizeof header) &&
                         write_all(fd, entries.data(), entries.size() * sizeof(HashEntry)) && ::fsync(fd) == 0;
    auto error = written ? Error{} : failed(partial);
    ::close(fd);
    if (written && ::rename(partial.c_str(), path.c_str()) == 0) {
        sync_folder(std::filesystem::path(path).parent_path().string());
        return {};
    }
    if (written) error = failed(path);
    ::unlink(partial.c_str());
    return error;
}

Result<std::unique_ptr<HashRun>> HashRun::write(const std::string& folder, RowRange rows, HashEntry last,
                                                std::vector<HashEntry> entries) {
    std::sort(entries.begin(), entries.end());
    Header header{.count = entries.size(), .rows = rows, .last = last};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    for (const auto& entry : entries) header.max_value = std::max(header.max_value, entry.value());
    header.checksum = pulsekit::checksum(entries.data(), entries.size() * sizeof(HashEntry));
    const std::string path = name_of(folder, rows);
    if (auto done = put(path, header, entries); !done) return std::move(done).error();
    return open(path);
}

Result<std::unique_ptr<HashRun>> HashRun::merge(const std::string& folder,
                                                const std::vector<std::shared_ptr<const HashRun>>& runs,
                                                std::int64_t min_value) {
    std::vector<HashEntry> all;
    for (const auto& run : runs) {
        const auto middle = static_cast<std::ptrdiff_t>(all.size());
        std::copy_if(run->entries_, run->entries_ + run->size(), std::back_inserter(all),
                     [&](const HashEntry& entry) { return entry.value() >= min_value; });
        std::inplace_merge(all.begin(), all.begin() + middle, all.end());
    }
    return write(folder, {runs.front()->rows().first, runs.back()->rows().last}, runs.back()->last(), std::move(all));
}

Result<std::unique_ptr<HashRun>> HashRun::open(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed(path);
    struct stat status {};
    std::unique_ptr<HashRun> run(new HashRun);
    run->path_ = path;
    const bool sized = ::fstat(fd, &status) == 0 && status.st_size >= static_cast<off_t>(sizeof(Header));
    if (sized) {
        run->mapped_bytes_ = static_cast<std::size_t>(status.st_size);
        run->mapped_ = ::mmap(nullptr, run->mapped_bytes_, PROT_READ, MAP_SHARED, fd, 0);
        if (run->mapped_ == MAP_FAILED) run->mapped_ = nullptr;
    }
    ::close(fd);
    const Error corrupt{ErrorCode::corrupt, path + " is damaged"};
    if (!run->mapped_) return corrupt;
    auto& header = run->header_;
    std::memcpy(&header, run->mapped_, sizeof header);
    const auto bytes = run->mapped_bytes_ - sizeof(Header);
    const bool whole = std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && bytes % sizeof(HashEntry) == 0 &&
                       header.count == bytes / sizeof(HashEntry) && header.rows.first <= header.rows.last;
    if (!whole) return corrupt;
    run->entries_ = reinterpret_cast<const HashEntry*>(static_cast<const char*>(run->mapped_) + sizeof(Header));
    if (pulsekit::checksum(run->entries_, bytes) != header.checksum) return corrupt;
    run->build_filter();
    return run;
}

HashRun::~HashRun() {
    if (mapped_) ::munmap(mapped_, mapped_bytes_);
}

void HashRun::build_filter() {
    filter_.assign((size() / kEntriesPerBlock + 1) * kBlockWords, 0);
    const auto blocks = filter_.size() / kBlockWords;
    for (std::size_t i = 0; i < size(); ++i) {
        auto* block = &filter_[static_cast<std::size_t>(entries_[i].high % blocks) * kBlockWords];
        std::uint64_t bits = entries_[i].high * 0x9e3779b97f4a7c15;
        for (int probe = 0; probe < kProbes; ++probe, bits >>= 9)
            block[bits >> 6 & 7] |= std::uint64_t{1} << (bits & 63);
    }
}

void HashRun::prefetch(const HashEntry& key) const {
    const auto blocks = filter_.size() / kBlockWords;
    __builtin_prefetch(&filter_[static_cast<std::size_t>(key.high % blocks) * kBlockWords]);
}

std::int64_t HashRun::find(const HashEntry& key) const {
    const auto blocks = filter_.size() / kBlockWords;
    const auto* block = &filter_[static_cast<std::size_t>(key.high % blocks) * kBlockWords];
    std::uint64_t bits = key.high * 0x9e3779b97f4a7c15;
    for (int probe = 0; probe < kProbes; ++probe, bits >>= 9) {
        if ((block[bits >> 6 & 7] >> (bits & 63) & 1) == 0) return -1;
    }
    // Hashes lie evenly: the place is near where the hash stands between none and all.
    const auto count = static_cast<double>(size());
    const auto guess = static_cast<std::size_t>(std::ldexp(static_cast<double>(key.high), -64) * count);
    const auto near = static_cast<std::size_t>(3 * std::sqrt(count)) + 8;
    std::size_t low = guess > near ? guess - near : 0;
    std::size_t high = std::min(size(), guess + near);
    if (low > 0 && !(entries_[low].high < key.high)) low = 0;
    if (high < size() && !(key.high < entries_[high].high)) high = size();
    std::int64_t found = -1;
    auto at = std::lower_bound(entries_ + low, entries_ + high, key.high,
                               [](const HashEntry& entry, std::uint64_t hash) { return entry.high < hash; });
    for (; at != entries_ + size() && at->high == key.high; ++at) {
        if (at->same_key(key)) found = std::max(found, at->value());
    }
    return found;
}

}  // namespace collector::store::local
