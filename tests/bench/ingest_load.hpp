// Many keep-alive connections driven by one thread: as fast as answers come, or by a timetable.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Plan {
    /// The bytes of a connection's next request; they are not touched until its answer is there.
    std::function<std::string_view(std::size_t connection)> next;
    std::uint64_t requests = 0;
    /// 0: each connection sends its next request when its answer is there. Else requests fall due at this rate,
    /// whatever the server does, and latencies count from then on: a server that stalls does not hide what came due
    /// meanwhile.
    double per_second = 0;
    bool taking_turns = false;  ///< a request that falls due belongs to a certain connection, else to any that is idle
    int status = 202;           ///< what every answer must have
    std::chrono::seconds patience{600};  ///< the run ends then, whatever is missing
    std::function<bool()> enough = {};   ///< with a timetable: nothing more is sent once this says so, overdue or not
};

struct Report {
    std::uint64_t answered = 0;  ///< as they must
    std::uint64_t failed = 0;    ///< answered otherwise, cut off, or not answered in time
    std::uint64_t accepted = 0;  ///< events, by the answers
    std::size_t unserved = 0;    ///< connections without any answer
    double seconds = 0;
    std::vector<double> latencies_ms;  ///< of the answered, and of what was not answered so far
    std::string complaint;             ///< the first failure
};

class Load {
public:
    /// Connects all of them, or ends the program.
    Load(std::uint16_t port, std::size_t connections);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    Report run(const Plan& plan);

private:
    using Time = std::chrono::steady_clock::time_point;

    struct Connection {
        int fd = -1;
        bool busy = false;
        bool wants_to_write = false;
        std::string_view unsent;
        std::string answer;  // begun, not whole yet
        Time due;
        std::uint64_t turns_due = 0;  // with turns: how many have come, and how many were taken
        std::uint64_t turns_taken = 0;
        std::uint64_t answers = 0;
    };

    Time due_time(std::uint64_t request) const;
    void drop_overdue(Time now);
    void dispatch_due(Time now);
    void begin(std::size_t connection, Time due);
    void go_on(std::size_t connection, Time now);
    void send(std::size_t connection);
    void receive(std::size_t connection);
    void finish(std::size_t connection, int status, std::string_view body);
    void cut_off(std::size_t connection, const std::string& why);
    void watch(std::size_t connection, bool writing);
    void wait();

    int epoll_ = -1;
    std::vector<Connection> connections_;
    std::vector<char> buffer_;

    const Plan* plan_ = nullptr;  // of the run under way
    Report report_;
    std::uint64_t requests_ = 0;  // fewer than planned once there are enough
    Time start_;
    std::uint64_t begun_ = 0;       // requests whose turn has come
    std::uint64_t settled_ = 0;     // requests that were answered, or never will be
    std::deque<std::size_t> idle_;  // without turns, the one that rests longest first
    std::deque<Time> overdue_;      // without turns: due, and no connection was idle
};

}  // namespace bench
