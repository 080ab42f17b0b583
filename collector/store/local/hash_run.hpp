// Numbers by the hashes of keys, in a file that is never changed: sorted by hash, with a filter in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

namespace collector::store::local {

/// 80 bits of the SHA-256 of a key, and a number. Two of a thousand millions of keys share a hash with a chance of 1 in
/// 2 millions.
struct HashEntry {
    std::uint64_t high = 0;
    std::uint64_t low = 0;  ///< 16 bits of hash, then 48 of the number; 0 is no entry

    static constexpr std::uint64_t kValueMask = (std::uint64_t{1} << 48) - 1;
    void set_value(std::int64_t value) { low = (low & ~kValueMask) | (static_cast<std::uint64_t>(value) & kValueMask); }
    std::int64_t value() const { return static_cast<std::int64_t>(low & kValueMask); }
    bool same_key(const HashEntry& other) const { return high == other.high && ((low ^ other.low) & ~kValueMask) == 0; }
    friend bool operator<(const HashEntry& a, const HashEntry& b) {
        return a.high != b.high ? a.high < b.high : a.low < b.low;
    }
};

/// `value` is at least 0; beyond 48 bits it wraps.
HashEntry hash_entry(std::string_view key, std::int64_t value = 0);

/// Ids of the rows whose keys a run has, first to last.
struct RowRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Immutable; safe from any thread.
class HashRun {
public:
    /// Sorts the entries and puts them into a new file in the folder, on the disk when this returns.
    static pulsekit::Result<std::unique_ptr<HashRun>> write(const std::string& folder, RowRange rows,
                                                            std::vector<HashEntry> entries);
    /// One file of several runs that follow each other, in place of the file of one; entries with less than `min_value`
    /// are left out, and those whose number is one of `without`, which ascend.
    static pulsekit::Result<std::unique_ptr<HashRun>> merge(const std::string& folder,
                                                            const std::vector<std::shared_ptr<const HashRun>>& runs,
                                                            std::int64_t min_value,
                                                            const std::vector<std::int64_t>& without = {});
    /// Error `corrupt`: the file is damaged, or no run.
    static pulsekit::Result<std::unique_ptr<HashRun>> open(const std::string& path);
    ~HashRun();
    HashRun(const HashRun&) = delete;
    HashRun& operator=(const HashRun&) = delete;

    /// The largest number of the key here; -1: it has none. Error `unavailable`: the file cannot be read.
    pulsekit::Result<std::int64_t> find(const HashEntry& key) const;
    /// Brings what find() looks at first into the processor's cache.
    void prefetch(const HashEntry& key) const;

    const std::string& path() const { return path_; }
    RowRange rows() const { return header_.rows; }
    std::int64_t max_value() const { return header_.max_value; }
    std::size_t size() const { return static_cast<std::size_t>(header_.count); }

private:
    struct Header {
        char magic[8];
        std::uint64_t count;
        RowRange rows;
        std::int64_t max_value;
        std::uint64_t checksum;  // of the entries
    };
    class Output;
    class Input;
    HashRun() = default;
    /// Of the block with this number.
    pulsekit::Result<void> read(std::size_t block, std::vector<HashEntry>& entries) const;
    /// Where in filter_ the key's block begins.
    std::size_t filter_block(const HashEntry& key) const;
    void add_to_filter(const HashEntry& entry);
    bool may_have(const HashEntry& key) const;

    std::string path_;
    Header header_{};
    int fd_ = -1;
    std::vector<std::uint64_t> firsts_;  // `high` of each block's first entry
    std::vector<std::uint64_t> filter_;  // blocks of eight words: one cache line tells whether a key may be here
};

}  // namespace collector::store::local
