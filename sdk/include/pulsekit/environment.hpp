// The seams through which the SDK meets the world: time, chance and the network. Replace one in Options to test an
// application, or to send through the HTTP stack that an engine already has.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

namespace pulsekit {

/// Source of time. Implementations are safe to call from any thread.
class Clock {
public:
    using Duration = std::chrono::nanoseconds;

    virtual ~Clock() = default;

    /// Wall-clock time, milliseconds since 1970-01-01T00:00:00Z. May jump when the user sets the clock.
    virtual std::int64_t unix_ms() noexcept = 0;

    /// Time since an arbitrary start; never goes back.
    virtual Duration monotonic() noexcept = 0;

    /// Waits on `condition`, whose mutex `lock` holds, until it is notified or `monotonic()` reaches `deadline`.
    /// May also return early; callers test their predicate again.
    virtual void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock,
                            Duration deadline) = 0;
};

/// Source of randomness for ids and jitter. Implementations are safe to call from any thread.
class Random {
public:
    virtual ~Random() = default;

    /// 64 bits that an observer cannot guess.
    virtual std::uint64_t next() noexcept = 0;
};

/// What Transport::send() is to send.
struct HttpRequest {
    std::string method = "POST";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names and values, all to be sent
    std::string body;                                          ///< may be gzipped: the headers say so
    std::chrono::milliseconds connect_timeout{10'000};         ///< for the opening of a connection
    std::chrono::milliseconds timeout{30'000};                 ///< for the whole exchange

    /// Called about every 50 ms while the transport waits. False asks it to give up at once: `send` then answers with
    /// ErrorCode::unavailable. A transport that cannot call it still works, but close() may then take up to `timeout`,
    /// and meanwhile nothing empties the journal. On the thread of send() alone.
    std::function<bool()> keep_waiting;
};

/// What the server answered.
struct HttpResponse {
    int status = 0;                                            ///< of HTTP, 100 to 999
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;                                          ///< whole, without transfer and content encodings
};

/// Carries one request to the collector. Retry, compression and queueing never live here.
class Transport {
public:
    virtual ~Transport() = default;

    /// One exchange. Any answer of the server, an error status too, is a value; no complete answer is
    /// ErrorCode::unavailable. Called by one thread only. Follows no redirect.
    virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace pulsekit
