// The servers that the ingest benchmark measures: the real pulse-collector on a data folder of its own, and nginx,
// which reads the same requests and throws them away.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/bench/figures.hpp"
#include "tests/support/process.hpp"

namespace bench {

/// What the system accounts to a process, which must be alive.
struct Usage {
    double cpu_seconds = 0;  ///< user and system time of all its threads so far
    double rss_mb = 0;
    double peak_rss_mb = 0;  ///< since it began
    int threads = 0;
};

/// Started by its constructor, which ends the program when that fails; killed with it.
class Collector {
public:
    /// `binary` keeps its data in a new folder under `root`, which must be on a disk, and syncs each commit.
    Collector(const std::string& binary, const std::string& root);

    std::uint16_t port() const { return port_; }
    const std::string& key() const { return ingest_key_; }
    Usage usage() const;
    /// Events stored, by its own counters.
    std::uint64_t stored() const;
    /// Page views and events of a range that holds every one, by its API.
    std::uint64_t reported() const;
    /// SIGTERM, and its end. Says what its files hold now, in bytes.
    double stop();
    /// Rows in the files of a collector that has been stopped.
    std::uint64_t rows() const;

private:
    std::string get(const std::string& path) const;

    Folder folder_;
    std::unique_ptr<pulsekit::test::Process> process_;
    std::uint16_t port_ = 0;
    std::string ingest_key_;
    std::string query_key_;
};

/// One process with one event loop that answers 204 to everything.
class Nginx {
public:
    Nginx();
    std::uint16_t port() const { return port_; }

private:
    Folder folder_;
    std::uint16_t port_ = 0;
    std::unique_ptr<pulsekit::test::Process> process_;
};

}  // namespace bench
