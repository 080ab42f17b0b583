// What a Client is told when it is opened.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <pulsekit/environment.hpp>
#include <pulsekit/result.hpp>

namespace pulsekit {

/// Something the application may want to log. Telemetry itself goes on.
struct Diagnostic {
    enum class Level { info, warning, error } level = Level::info;
    ErrorCode code = ErrorCode::internal;
    std::string message;
};

/// An event that the collector refused for good: it was dropped and counted.
struct Rejection {
    std::string event_id;
    std::string name;
    std::string message;  ///< the collector's own words
};

struct Options {
    /// Base address of the collector, such as `https://telemetry.example.com`. Required.
    std::string endpoint;

    /// A key with the `ingest` scope. Required.
    std::string api_key;

    /// The application's label, sent with every event. Required.
    std::string app_name;

    /// The application's version, sent with every event.
    std::string app_version;

    /// Folder for what is not delivered yet; made when absent. Empty: nothing touches the disk, and what is not
    /// delivered at the end of the process is lost. When the folder cannot be used, a diagnostic says so and the client
    /// works as if it were empty.
    std::string storage_dir;

    /// How long an event may wait for company before a batch is sent.
    std::chrono::milliseconds flush_interval{5'000};

    /// Most events in a request; the protocol allows 1,000.
    std::size_t max_batch_events = 1'000;

    /// Disk (or memory, without storage_dir) for undelivered events; beyond it the oldest are dropped and counted as
    /// `queue_full`.
    std::uint64_t max_queue_bytes = 64 * 1024 * 1024;

    /// Size of the memory-mapped ring that each tracking thread writes to: room for what it tracks in the 10 to 100 ms
    /// until the worker comes by. Rounded up to a power of two of at least 256 KiB.
    std::size_t journal_bytes_per_thread = 1024 * 1024;

    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds request_timeout{30'000};

    /// Waits after a failed request: uniform in [0, min(retry_cap, retry_base * 2^failures)], and never shorter than
    /// the collector's Retry-After.
    std::chrono::milliseconds retry_base{500};
    std::chrono::milliseconds retry_cap{5 * 60'000};

    /// How long the destructor may take to deliver what is left. On disk it is kept in any case.
    std::chrono::milliseconds close_deadline{1'000};

    /// Called on the client's worker thread, or inside Client::open; keep it short, call no method of the client.
    std::function<void(const Diagnostic&)> on_diagnostic;
    std::function<void(const Rejection&)> on_rejected;

    /// The seams. Null: the system's clock and randomness (borrowed, they must outlive the client) and libcurl.
    Clock* clock = nullptr;
    Random* random = nullptr;
    std::unique_ptr<Transport> transport;
};

}  // namespace pulsekit
