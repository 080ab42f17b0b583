// Ids of many events in a file that is never changed: sorted by their hashes, with a filter in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <pulsekit/result.hpp>

namespace collector::store::local {

/// 80 bits of the hash of an event's id and its project, and when it was first received. Two ids of a thousand millions
/// share a hash with a chance of 1 in 2 millions.
struct IdEntry {
    std::uint64_t high = 0;
    std::uint64_t low = 0;  ///< 16 bits of hash, then 48 of milliseconds since 1970

    static constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << 48) - 1;
    std::int64_t received_ms() const { return static_cast<std::int64_t>(low & kTimeMask); }
    bool same_id(const IdEntry& other) const { return high == other.high && ((low ^ other.low) & ~kTimeMask) == 0; }
    friend bool operator<(const IdEntry& a, const IdEntry& b) {
        return a.high != b.high ? a.high < b.high : a.low < b.low;
    }
};

IdEntry id_entry(std::int64_t project, std::string_view event_id, std::int64_t received_ms);

/// The rows whose ids it has, first to last.
struct RowRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Immutable; safe from any thread.
class IdRun {
public:
    /// Sorts the entries and puts them into a new file in the folder, on the disk when this returns. `last` is the
    /// entry of the last row in the range that has one.
    static pulsekit::Result<std::unique_ptr<IdRun>> write(const std::string& folder, RowRange rows, IdEntry last,
                                                          std::vector<IdEntry> entries);
    /// One file of several runs that follow each other; what was received before `oldest_ms` is left out.
    static pulsekit::Result<std::unique_ptr<IdRun>> merge(const std::string& folder,
                                                          const std::vector<std::shared_ptr<const IdRun>>& runs,
                                                          std::int64_t oldest_ms);
    /// Error `corrupt`: the file is damaged, or no run.
    static pulsekit::Result<std::unique_ptr<IdRun>> open(const std::string& path);
    ~IdRun();
    IdRun(const IdRun&) = delete;
    IdRun& operator=(const IdRun&) = delete;

    /// When the id was last noted here; -1: never.
    std::int64_t received_ms(const IdEntry& id) const;
    /// Brings what received_ms() looks at first into the processor's cache.
    void prefetch(const IdEntry& id) const;

    const std::string& path() const { return path_; }
    RowRange rows() const { return header_.rows; }
    IdEntry last() const { return header_.last; }
    std::int64_t newest_ms() const { return header_.newest_ms; }
    std::size_t size() const { return static_cast<std::size_t>(header_.count); }

private:
    struct Header {
        char magic[8];
        std::uint64_t count;
        RowRange rows;
        IdEntry last;
        std::int64_t newest_ms;
        std::uint64_t checksum;  // of the entries
    };
    IdRun() = default;
    static pulsekit::Result<void> put(const std::string& path, const Header& header,
                                      const std::vector<IdEntry>& entries);
    void build_filter();

    std::string path_;
    Header header_{};
    void* mapped_ = nullptr;
    std::size_t mapped_bytes_ = 0;
    const IdEntry* entries_ = nullptr;
    std::vector<std::uint64_t> filter_;  // blocks of eight words: one cache line tells whether an id may be here
};

}  // namespace collector::store::local
