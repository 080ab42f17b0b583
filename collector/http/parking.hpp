// Connections that wait in epoll and not on a thread: one thread gathers requests and sends answers, whatever the
// number of clients and however slow they are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <pulsekit/result.hpp>

#include "http/answer.hpp"
#include "http/mailbox.hpp"
#include "http/server_counters.hpp"

namespace collector::http {

/// A request that has arrived whole.
struct Arrived {
    Token from;
    std::string head;  ///< request line to empty line; sound, see framing.hpp
    std::string body;
    std::string remote_address;
    AnswerForm form;       ///< how it is to be answered
    std::stop_token gone;  ///< asked to stop when the client ends its connection meanwhile
    std::size_t held = 0;  ///< bytes that count as held until its letter comes
};

struct ParkingLimits {
    std::size_t max_connections = 20'000;
    std::size_t max_head_bytes = 32 * 1024;
    std::size_t max_body_bytes = 10'485'760;
    std::size_t max_held_bytes = std::size_t{256} << 20;  ///< requests that are read or handled, unread answers
    std::chrono::milliseconds head_time{10'000};          ///< from its first byte to its last
    std::chrono::milliseconds body_time{30'000};          ///< and a second more for each `body_rate` bytes
    std::size_t body_rate = 16 * 1024;
    std::chrono::milliseconds answer_time{30'000};  ///< for a client to read an answer
    std::chrono::milliseconds idle_time{75'000};
    std::chrono::milliseconds drain_time{5'000};  ///< stop() waits no longer
};

/// Owns the sockets and the thread that serves them; nobody else touches either.
class Parking {
public:
    /// All are called on the parking's thread: `arrived` takes the whole requests of one round; `refuse` gives the
    /// bytes of the answer to a request that is refused with this status while it is read. `head` is empty when there
    /// is none.
    struct Hooks {
        std::function<void(std::vector<Arrived>)> arrived;
        std::function<std::string(std::string_view head, int status)> refuse;
        /// The client has taken what there was: the next letter to it is wanted.
        std::function<void(Token to, std::unique_ptr<Rest> rest)> pull = {};
    };

    Parking(const ParkingLimits& limits, Hooks hooks);
    ~Parking();  ///< stops

    /// Binds, listens and serves. The value is the port.
    pulsekit::Result<int> start(const std::string& host, int port);
    /// Accepts nothing more, answers what was accepted, and joins. Idempotent.
    void stop();

    /// Shared with the Responders: one may answer after the server has gone.
    const std::shared_ptr<Mailbox>& mailbox() const;
    const ServerCounters& counters() const;

private:
    class Loop;
    std::unique_ptr<Loop> loop_;
    std::thread thread_;
};

}  // namespace collector::http
