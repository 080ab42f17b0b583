// What is said on connections: how a request is gathered from whatever pieces come, and how an answer is sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/connection.hpp"
#include "http/parking.hpp"

namespace collector::http {

/// Of all connections, for they share the bound on memory. Belongs to one thread, never waits, and closes nothing: what
/// it leaves in Phase::over is its caller's to close.
class Conversation {
public:
    Conversation(const ParkingLimits& limits, const Parking::Hooks& hooks, ServerCounters& counters)
        : limits_(limits), hooks_(hooks), counters_(counters) {}

    /// What time it is until the next call.
    void tick(Time now) { now_ = now; }
    /// From now on each answer is its connection's last.
    void drain() { draining_ = true; }

    void await_request(Connection& connection);
    /// Reads and takes requests until bytes are missing, a request is under way, or it is the others' turn, which is
    /// when it returns true.
    bool take_turn(Connection& connection);
    void answer(Connection& connection, std::string bytes, bool keep_alive);
    /// Sends what the client has room for.
    void flush(Connection& connection);
    /// Says that nothing more will be said. Closing at once, with bytes of the client unread, would make its machine
    /// throw the answer away.
    void part(Connection& connection);

    /// The connection is about to go, and what it holds with it.
    void forget(Connection& connection);
    /// Bytes that were handed over are held no longer.
    void release_handed(std::size_t bytes) { held_bytes_ -= bytes; }
    std::size_t held_bytes() const { return held_bytes_; }

    /// The whole requests since the last call.
    std::vector<Arrived> take_arrived();

private:
    void read_some(Connection& connection);
    void take_bytes(Connection& connection, std::string_view bytes);
    /// Takes the next step with what is in `in`; false: it needs more bytes, or is not reading.
    bool advance(Connection& connection);
    bool take_head(Connection& connection);
    bool take_body(Connection& connection);
    bool take_chunks(Connection& connection);
    int refusal_of(const Connection& connection) const;
    void begin_body(Connection& connection);
    void extend_deadline(Connection& connection) const;
    void count(Connection& connection);
    bool has_room(const Connection& connection, std::size_t more) const;
    void hand_over(Connection& connection);
    void refuse(Connection& connection, int status);
    void await_reader(Connection& connection);
    void answered(Connection& connection);

    const ParkingLimits& limits_;
    const Parking::Hooks& hooks_;
    ServerCounters& counters_;
    Time now_;
    bool draining_ = false;
    std::size_t held_bytes_ = 0;  // by the connections, and by what was handed over and is not answered
    std::vector<Arrived> arrived_;
    std::vector<char> buffer_ = std::vector<char>(kBodyBytesARead);

    static constexpr std::size_t kHeadBytesARead = 32 * 1024;
    static constexpr std::size_t kBodyBytesARead = 256 * 1024;
};

}  // namespace collector::http
