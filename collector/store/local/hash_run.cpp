#include "store/local/hash_run.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "crypto/hash.hpp"
#include "store/local/files.hpp"
#include "support/checksum.hpp"

namespace collector::store::local {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

constexpr char kMagic[8] = {'P', 'K', 'H', 'R', 'U', 'N', '0', '2'};
constexpr std::size_t kFilterBlockWords = 8;
constexpr std::size_t kEntriesPerFilterBlock = 42;  // some 12 bits each: one key in a hundred is looked for in vain
constexpr int kProbes = 6;
constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;  // the golden ratio, odd: spreads the bits of a number
constexpr std::size_t kBlock = 256;                 // entries that are read at a time: 4 KB

Error failed(const std::string& path) { return Error{ErrorCode::unavailable, path + ": " + std::strerror(errno)}; }

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

/// Of all entries up to the block's, given that of those before it.
std::uint64_t checksum_after(std::uint64_t before, const std::vector<HashEntry>& block) {
    return before * kMix + pulsekit::checksum(block.data(), block.size() * sizeof(HashEntry));
}

/// False, with errno, when the file has not so much.
bool read_all(int fd, void* bytes, std::size_t size, std::size_t offset) {
    char* at = static_cast<char*>(bytes);
    while (size > 0) {
        const auto got = ::pread(fd, at, size, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = EIO;
        if (got <= 0) return false;
        at += got;
        offset += static_cast<std::size_t>(got);
        size -= static_cast<std::size_t>(got);
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

/// Writes a file from entries that come in their order.
class HashRun::Output {
public:
    Output(const std::string& folder, RowRange rows)
        : path_(name_of(folder, rows)), partial_(path_ + ".partial"), header_{.rows = rows} {
        std::memcpy(header_.magic, kMagic, sizeof kMagic);
        fd_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        write(&header_, sizeof header_);  // again when all is known
        block_.reserve(kBlock);
    }
    ~Output() {
        if (fd_ >= 0) ::close(fd_);
        if (!done_) ::unlink(partial_.c_str());
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    void add(const HashEntry& entry) {
        block_.push_back(entry);
        header_.max_value = std::max(header_.max_value, entry.value());
        if (block_.size() == kBlock) flush();
    }

    /// On the disk when this returns its path.
    Result<std::string> finish() {
        flush();
        const auto size = static_cast<ssize_t>(sizeof header_);
        if (errno_ == 0 && (::pwrite(fd_, &header_, sizeof header_, 0) != size || ::fsync(fd_) != 0)) errno_ = errno;
        if (errno_ == 0 && ::rename(partial_.c_str(), path_.c_str()) != 0) errno_ = errno;
        if (errno_ != 0) return Error{ErrorCode::unavailable, partial_ + ": " + std::strerror(errno_)};
        done_ = true;
        sync_folder(std::filesystem::path(path_).parent_path().string());
        return path_;
    }

private:
    void flush() {
        if (block_.empty()) return;
        header_.checksum = checksum_after(header_.checksum, block_);
        header_.count += block_.size();
        write(block_.data(), block_.size() * sizeof(HashEntry));
        block_.clear();
    }
    /// The first error is kept, and what follows it is skipped.
    void write(const void* bytes, std::size_t size) {
        if (errno_ == 0 && (fd_ < 0 || !write_all(fd_, bytes, size))) errno_ = errno != 0 ? errno : EIO;
    }

    const std::string path_;
    const std::string partial_;
    Header header_{};
    std::vector<HashEntry> block_;
    int fd_ = -1;
    int errno_ = 0;
    bool done_ = false;
};

Result<std::unique_ptr<HashRun>> HashRun::write(const std::string& folder, RowRange rows,
                                                std::vector<HashEntry> entries) {
    std::sort(entries.begin(), entries.end());
    Output output(folder, rows);
    for (const auto& entry : entries) output.add(entry);
    const auto path = output.finish();
    if (!path) return path.error();
    return open(*path);
}

/// A run's entries one after the other.
class HashRun::Input {
public:
    explicit Input(const HashRun& run) : run_(&run) {}

    /// False: there is none left.
    Result<bool> next() {
        if (++at_ < entries_.size()) return true;
        if (block_ == run_->firsts_.size()) return false;
        at_ = 0;
        if (auto read = run_->read(block_++, entries_); !read) return std::move(read).error();
        return true;
    }
    const HashEntry& entry() const { return entries_[at_]; }

private:
    const HashRun* run_;
    std::size_t block_ = 0;
    std::vector<HashEntry> entries_;
    std::size_t at_ = 0;
};

Result<std::unique_ptr<HashRun>> HashRun::merge(const std::string& folder,
                                                const std::vector<std::shared_ptr<const HashRun>>& runs,
                                                std::int64_t min_value, const std::vector<std::int64_t>& without) {
    const auto is_kept = [&](std::int64_t value) {
        return value >= min_value && !std::binary_search(without.begin(), without.end(), value);
    };
    std::vector<Input> inputs;
    for (const auto& run : runs) inputs.emplace_back(*run);
    for (auto input = inputs.begin(); input != inputs.end();) {
        const auto more = input->next();
        if (!more) return more.error();
        input = *more ? input + 1 : inputs.erase(input);
    }
    Output output(folder, {runs.front()->rows().first, runs.back()->rows().last});
    while (!inputs.empty()) {
        const auto least = std::min_element(inputs.begin(), inputs.end(),
                                            [](const Input& a, const Input& b) { return a.entry() < b.entry(); });
        if (is_kept(least->entry().value())) output.add(least->entry());
        const auto more = least->next();
        if (!more) return more.error();
        if (!*more) inputs.erase(least);
    }
    const auto path = output.finish();
    if (!path) return path.error();
    return open(*path);
}

Result<std::unique_ptr<HashRun>> HashRun::open(const std::string& path) {
    std::unique_ptr<HashRun> run(new HashRun);
    run->path_ = path;
    run->fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (run->fd_ < 0) return failed(path);
    struct stat status {};
    auto& header = run->header_;
    const Error corrupt{ErrorCode::corrupt, path + " is damaged"};
    if (::fstat(run->fd_, &status) != 0 || !read_all(run->fd_, &header, sizeof header, 0)) return corrupt;
    const auto bytes = static_cast<std::size_t>(status.st_size) - sizeof header;
    const bool whole = std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && bytes % sizeof(HashEntry) == 0 &&
                       header.count == bytes / sizeof(HashEntry) && header.rows.first <= header.rows.last &&
                       name_of(std::filesystem::path(path).parent_path().string(), header.rows) == path;
    if (!whole) return corrupt;
    run->filter_.assign((run->size() / kEntriesPerFilterBlock + 1) * kFilterBlockWords, 0);
    run->firsts_.resize((run->size() + kBlock - 1) / kBlock);
    std::uint64_t checksum = 0;
    std::int64_t max_value = 0;
    std::vector<HashEntry> entries;
    for (std::size_t block = 0; block < run->firsts_.size(); ++block) {
        if (!run->read(block, entries)) return corrupt;
        run->firsts_[block] = entries.front().high;
        checksum = checksum_after(checksum, entries);
        for (const auto& entry : entries) {
            run->add_to_filter(entry);
            max_value = std::max(max_value, entry.value());
        }
    }
    if (checksum != header.checksum || max_value != header.max_value) return corrupt;
    return run;
}

HashRun::~HashRun() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> HashRun::read(std::size_t block, std::vector<HashEntry>& entries) const {
    const auto first = block * kBlock;
    entries.resize(std::min(kBlock, size() - first));
    if (read_all(fd_, entries.data(), entries.size() * sizeof(HashEntry), sizeof(Header) + first * sizeof(HashEntry))) {
        return {};
    }
    return failed(path_);
}

std::size_t HashRun::filter_block(const HashEntry& key) const {
    return static_cast<std::size_t>(key.high % (filter_.size() / kFilterBlockWords)) * kFilterBlockWords;
}

void HashRun::add_to_filter(const HashEntry& entry) {
    auto* block = &filter_[filter_block(entry)];
    std::uint64_t bits = entry.high * kMix;
    for (int probe = 0; probe < kProbes; ++probe, bits >>= 9) block[bits >> 6 & 7] |= std::uint64_t{1} << (bits & 63);
}

bool HashRun::may_have(const HashEntry& key) const {
    const auto* block = &filter_[filter_block(key)];
    std::uint64_t bits = key.high * kMix;
    for (int probe = 0; probe < kProbes; ++probe, bits >>= 9) {
        if ((block[bits >> 6 & 7] >> (bits & 63) & 1) == 0) return false;
    }
    return true;
}

void HashRun::prefetch(const HashEntry& key) const { __builtin_prefetch(&filter_[filter_block(key)]); }

Result<std::int64_t> HashRun::find(const HashEntry& key) const {
    if (!may_have(key)) return -1;
    // The block before the first that begins with this hash, or a larger one: it may end with it.
    const auto after = std::lower_bound(firsts_.begin(), firsts_.end(), key.high) - firsts_.begin();
    thread_local std::vector<HashEntry> entries;
    std::int64_t found = -1;
    for (auto block = static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - 1, 0));
         block < firsts_.size() && firsts_[block] <= key.high; ++block) {
        if (auto done = read(block, entries); !done) return std::move(done).error();
        auto at = std::lower_bound(entries.begin(), entries.end(), key.high,
                                   [](const HashEntry& entry, std::uint64_t hash) { return entry.high < hash; });
        for (; at != entries.end() && at->high == key.high; ++at) {
            if (at->same_key(key)) found = std::max(found, at->value());
        }
    }
    return found;
}

}  // namespace collector::store::local
