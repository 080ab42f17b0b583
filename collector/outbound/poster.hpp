// One HTTP POST to an address that somebody else chose.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pulsekit/result.hpp>

#include "outbound/reach.hpp"

namespace collector::outbound {

struct Post {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds timeout{5'000};  ///< for the whole exchange
};

struct Posted {
    int status = 0;
    std::int64_t took_ms = 0;
    std::optional<std::chrono::milliseconds> retry_after;  ///< what the server asked for
    std::string body;                                      ///< its first 64 KiB
};

/// Keeps its connection. TLS is verified, redirects are not followed, no proxy of the environment is used where the
/// address is looked at. One thread at a time.
class Poster {
public:
    /// `keep_waiting` is asked about every 50 ms; false gives up. It may be empty.
    explicit Poster(Reach reach, std::function<bool()> keep_waiting = {});
    ~Poster();
    Poster(Poster&&) noexcept;
    Poster& operator=(Poster&&) noexcept;

    /// Any answer is a value. Errors: `forbidden` for an address that may not be connected to; `unavailable` when no
    /// complete answer came.
    pulsekit::Result<Posted> post(const Post& post);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace collector::outbound
