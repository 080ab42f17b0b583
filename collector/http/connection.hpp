// What is kept of one connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "http/framing.hpp"
#include "http/mailbox.hpp"

namespace collector::http {

using Time = std::chrono::steady_clock::time_point;

enum class Phase {
    head,      ///< of the next request
    body,      ///< of known length
    chunks,    ///< of a body
    handling,  ///< the request was handed over, the answer is awaited
    writing,   ///< the client does not read fast enough
    parting,   ///< all is said: waiting for the client to close, so that it reads the last answer
    over,      ///< to be closed
};

struct Connection {
    Token token;
    std::string remote_address;
    Phase phase = Phase::head;
    bool idle = true;          // in Phase::head: nothing of the request has come
    bool readable = false;     // there may be bytes to read: epoll tells only of new ones
    bool hung_up = false;      // the client has sent its last byte: epoll tells that once
    bool due = false;          // it has not read all that there was, and waits for its next turn
    bool keep_alive = true;    // after the answer that is under way
    bool answering = false;    // `out` is an answer, not an interim one
    std::string in;            // bytes that no request has taken yet
    std::size_t searched = 0;  // of `in`, for the end of the head
    Framing framing;
    std::string head;
    std::string body;
    ChunkedBody chunks;
    std::stop_source given_up{std::nostopstate};  // of the request under way: asked when the client has gone
    std::string out;
    std::size_t sent = 0;        // of `out`
    std::unique_ptr<Rest> rest;  // of the answer, after `out`
    std::size_t counted = 0;     // what it holds, as it was last counted
    Time began;                  // of the request's body
    Time deadline;               // for the phase, unless it is handling

    bool is_idle() const { return phase == Phase::head && idle; }
};

// Clients of an SDK keep their connections for hours: this, a file and the kernel's part is what each costs.
static_assert(sizeof(Connection) <= 512);

/// What a string has taken from the heap.
inline std::size_t heap_bytes(const std::string& text) {
    constexpr std::size_t kInside = 15;  // of the object, in libstdc++
    return text.capacity() > kInside ? text.capacity() : 0;
}

inline std::size_t heap_bytes(const Connection& connection) {
    return heap_bytes(connection.in) + heap_bytes(connection.head) + heap_bytes(connection.body) +
           heap_bytes(connection.out);
}

/// Assigning an empty string keeps the memory of the old one.
inline void release(std::string& text) { std::string().swap(text); }

}  // namespace collector::http
