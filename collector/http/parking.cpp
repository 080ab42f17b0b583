#include "http/parking.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "http/conversation.hpp"
#include "http/listener.hpp"

namespace collector::http {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using std::chrono::milliseconds;

constexpr int kAcceptsARound = 256;
constexpr milliseconds kSweepEvery{250};

}  // namespace

/// Owns the connections, and gives each its turn.
class Parking::Loop {
public:
    Loop(const ParkingLimits& limits, Hooks hooks)
        : limits_(limits), hooks_(std::move(hooks)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
    ~Loop() {
        if (listener_ >= 0) ::close(listener_);
        ::close(epoll_);
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    bool listen(const std::string& host, int port) {
        const std::size_t files = raise_file_limit();
        constexpr std::size_t kOthers = 128;  // databases, logs
        limits_.max_connections = std::min(limits_.max_connections, files > kOthers ? files - kOthers : files / 2);
        listener_ = listen_on(host, port);
        if (listener_ < 0) return false;
        watch({listener_}, EPOLLIN);
        watch({mailbox_->fd()}, EPOLLIN);
        return true;
    }
    int port() const { return port_of(listener_); }

    void run();
    void stop() {
        stopping_ = true;
        mailbox_->wake();
    }

    const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
    const ServerCounters& counters() const { return counters_; }

private:
    void watch(Token token, std::uint32_t events);
    int wait();
    void round(int count);
    void accept_some();
    bool make_room();
    void turn_away(int fd);
    void adopt(int fd, const sockaddr_storage& address);
    void on_event(Connection& connection, std::uint32_t events);
    void deliver();
    void turn(Connection& connection);
    void take_due_turns();
    void close(Connection& connection);
    void sweep();
    void begin_draining();
    bool drained();
    Connection* find(Token token);

    ParkingLimits limits_;
    const Hooks hooks_;
    const int epoll_;
    int listener_ = -1;
    bool accepting_ = true;
    bool draining_ = false;
    Time now_;
    Time next_sweep_;
    Time drain_until_;
    std::vector<std::unique_ptr<Connection>> connections_;  // by file number
    std::vector<std::uint32_t> generations_;                // of the connections that had the number
    std::vector<Token> due_;                                // connections that have not read all that there was
    std::array<epoll_event, 512> events_{};
    ServerCounters counters_;
    Conversation conversation_{limits_, hooks_, counters_};
    std::atomic<bool> stopping_ = false;
    std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
};

// An event may be of a connection that was closed earlier in the same round, and whose number another one has by now.
void Parking::Loop::watch(Token token, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = (std::uint64_t{token.generation} << 32) | static_cast<std::uint32_t>(token.fd);
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, token.fd, &event);
}

void Parking::Loop::run() {
    now_ = std::chrono::steady_clock::now();
    next_sweep_ = now_ + kSweepEvery;
    while (!draining_ || !drained()) {
        const int count = wait();
        now_ = std::chrono::steady_clock::now();
        conversation_.tick(now_);
        take_due_turns();
        round(count);
        if (now_ >= next_sweep_) sweep();
        if (stopping_ && !draining_) begin_draining();
        counters_.held_bytes.store(conversation_.held_bytes(), std::memory_order_relaxed);
        if (auto arrived = conversation_.take_arrived(); !arrived.empty()) hooks_.arrived(std::move(arrived));
    }
    for (auto& connection : connections_) {
        if (connection) close(*connection);
    }
}

int Parking::Loop::wait() {
    const auto left = std::chrono::duration_cast<milliseconds>(next_sweep_ - now_).count() + 1;
    const auto timeout = due_.empty() ? std::max<std::int64_t>(left, 0) : 0;
    const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), static_cast<int>(timeout));
    return std::max(count, 0);
}

void Parking::Loop::round(int count) {
    for (int i = 0; i < count; ++i) {
        const auto& event = events_[static_cast<std::size_t>(i)];
        const Token token{static_cast<int>(event.data.u64 & 0xffffffff),
                          static_cast<std::uint32_t>(event.data.u64 >> 32)};
        if (token.generation != 0) {
            if (auto* connection = find(token)) on_event(*connection, event.events);
        } else if (token.fd == mailbox_->fd()) {
            std::uint64_t ignored = 0;
            (void)!::read(token.fd, &ignored, sizeof ignored);
            deliver();
        } else if (token.fd == listener_) {
            accept_some();
        }
    }
}

void Parking::Loop::accept_some() {
    for (int i = 0; i < kAcceptsARound; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int fd = ::accept4(listener_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return;
            // No file or no memory for it: it waits in the backlog, and so does the loop, until the next sweep.
            ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
            accepting_ = false;
            return;
        }
        ++counters_.accepted;
        if (counters_.open >= limits_.max_connections && !make_room()) {
            turn_away(fd);
            continue;
        }
        adopt(fd, address);
    }
}

/// Closes the connection that has been idle for longest.
bool Parking::Loop::make_room() {
    Connection* oldest = nullptr;
    for (const auto& each : connections_) {
        if (each && each->is_idle() && (!oldest || each->deadline < oldest->deadline)) oldest = each.get();
    }
    if (!oldest) return false;
    ++counters_.evicted;
    close(*oldest);
    return true;
}

/// So that a client knows why; whether it reads that is its affair, for there is no room to wait for it.
void Parking::Loop::turn_away(int fd) {
    ++counters_.refused;
    const std::string bytes = hooks_.refuse({}, 503);
    std::array<char, 4096> unread;
    (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    (void)!::recv(fd, unread.data(), unread.size(), 0);  // closing with bytes unread would take the answer back
    ::close(fd);
}

void Parking::Loop::adopt(int fd, const sockaddr_storage& address) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= connections_.size()) {
        connections_.resize(index + 1);
        generations_.resize(index + 1);
    }
    connections_[index] = std::make_unique<Connection>();
    auto& connection = *connections_[index];
    if (++generations_[index] == 0) ++generations_[index];
    connection.token = {fd, generations_[index]};
    connection.remote_address = text_of(address);
    ++counters_.open;
    conversation_.await_request(connection);
    // Told once of every change: no call to arm or disarm for each request.
    watch(connection.token, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void Parking::Loop::on_event(Connection& connection, std::uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(connection);
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) connection.readable = true;
    if ((events & EPOLLRDHUP) != 0) {
        connection.hung_up = true;
        if (connection.phase == Phase::handling) connection.given_up.request_stop();
    }
    if ((events & EPOLLOUT) != 0 && !connection.out.empty()) conversation_.flush(connection);
    if (!connection.due) turn(connection);
}

void Parking::Loop::turn(Connection& connection) {
    const bool more = conversation_.take_turn(connection);
    if (connection.phase == Phase::over) return close(connection);
    if (more && !std::exchange(connection.due, true)) due_.push_back(connection.token);
}

void Parking::Loop::take_due_turns() {
    for (const Token token : std::exchange(due_, {})) {
        Connection* connection = find(token);
        if (!connection) continue;
        connection->due = false;
        turn(*connection);
    }
}

void Parking::Loop::close(Connection& connection) {
    conversation_.forget(connection);
    const int fd = connection.token.fd;
    --counters_.open;
    ::close(fd);  // epoll forgets it
    connections_[static_cast<std::size_t>(fd)] = nullptr;
}

Connection* Parking::Loop::find(Token token) {
    const auto index = static_cast<std::size_t>(token.fd);
    auto* connection = index < connections_.size() ? connections_[index].get() : nullptr;
    return connection && connection->token.generation == token.generation ? connection : nullptr;
}

void Parking::Loop::deliver() {
    for (auto& letter : mailbox_->take()) {
        conversation_.release_handed(letter.releases);
        Connection* connection = find(letter.to);
        if (!connection || connection->phase != Phase::handling) continue;  // the client did not wait for it
        if (letter.cut) {
            close(*connection);
            continue;
        }
        connection->rest = std::move(letter.rest);
        conversation_.answer(*connection, std::move(letter.bytes), letter.keep_alive);
        turn(*connection);
    }
}

void Parking::Loop::sweep() {
    next_sweep_ = now_ + kSweepEvery;
    for (const auto& each : connections_) {
        if (!each || each->phase == Phase::handling || now_ < each->deadline) continue;
        if (!each->is_idle() && each->phase != Phase::parting) ++counters_.timed_out;
        close(*each);
    }
    if (!accepting_ && !draining_) {
        watch({listener_}, EPOLLIN);
        accepting_ = true;
    }
}

void Parking::Loop::begin_draining() {
    draining_ = true;
    drain_until_ = now_ + limits_.drain_time;
    conversation_.drain();
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
    ::close(std::exchange(listener_, -1));
    for (const auto& each : connections_) {
        if (!each || !each->is_idle()) continue;
        each->readable = true;  // a request may have come of which epoll has not told yet
        turn(*each);
    }
    for (const auto& each : connections_) {
        if (!each || !each->is_idle()) continue;
        conversation_.part(*each);
        turn(*each);
    }
}

bool Parking::Loop::drained() {
    if (now_ >= drain_until_) return true;
    return std::none_of(connections_.begin(), connections_.end(),
                        [](const auto& each) { return each && each->phase != Phase::parting; });
}

Parking::Parking(const ParkingLimits& limits, Hooks hooks) : loop_(std::make_unique<Loop>(limits, std::move(hooks))) {}

Parking::~Parking() { stop(); }

Result<int> Parking::start(const std::string& host, int port) {
    if (!loop_->listen(host, port)) {
        return Error{ErrorCode::conflict, "cannot listen on " + host + ":" + std::to_string(port) +
                                              ": the address is taken or not this machine's"};
    }
    const int bound = loop_->port();
    thread_ = std::thread([this] { loop_->run(); });
    return bound;
}

void Parking::stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
}

const std::shared_ptr<Mailbox>& Parking::mailbox() const { return loop_->mailbox(); }
const ServerCounters& Parking::counters() const { return loop_->counters(); }

}  // namespace collector::http
