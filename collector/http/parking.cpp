#include "http/parking.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "http/framing.hpp"

namespace collector::http {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;
using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr int kBacklog = 4096;
constexpr int kAcceptsARound = 256;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr milliseconds kLingerTime{2'000};
constexpr milliseconds kSweepEvery{250};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// As many files as this process may have at all.
std::size_t raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

std::string text_of(const sockaddr_storage& address) {
    char text[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    } else {
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
    }
    return text;
}

int port_of(int socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
    return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                              : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

int listen_on(const addrinfo& address) {
    const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return -1;
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // connections inherit it
    if (::bind(socket, address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket, kBacklog) == 0) return socket;
    ::close(socket);
    return -1;
}

/// A listening socket, or -1.
int listen_on(const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
    int socket = -1;
    for (const addrinfo* each = found; each && socket < 0; each = each->ai_next) socket = listen_on(*each);
    ::freeaddrinfo(found);
    return socket;
}

enum class Phase {
    head,      ///< of the next request; nothing of it has come while `in` is empty: idle
    body,      ///< of known length
    chunks,    ///< of a body
    handling,  ///< the request was handed over, the answer is awaited
    writing,   ///< the client does not read fast enough
    parting,   ///< all is said: waiting for the client to close, so that it reads the last answer
};

struct Connection {
    Token token;
    std::string remote_address;
    Phase phase = Phase::head;
    std::string in;            // bytes that no request has taken yet
    std::size_t searched = 0;  // of `in`, for the end of the head
    Framing framing;
    std::string head;
    std::string body;
    ChunkedBody chunks;
    std::string out;
    std::size_t sent = 0;    // of `out`
    std::size_t held = 0;    // bytes that count as held for this request
    Time began;              // of the request's body
    Time deadline;           // for the phase, unless it is handling
    bool readable = false;   // there may be bytes to read: epoll tells only of new ones
    bool keep_alive = true;  // after the answer that is under way
    bool answering = false;  // `out` is an answer, not an interim one
};

}  // namespace

Mailbox::Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Mailbox::~Mailbox() { ::close(fd_); }

void Mailbox::wake() {
    const std::uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
}

void Mailbox::post(Letter letter) {
    bool first = false;
    {
        const pulsekit::MutexLock lock(mutex_);
        first = letters_.empty();
        letters_.push_back(std::move(letter));
    }
    if (first) wake();  // the others lie with the first: a commit answers many at once
}

std::vector<Mailbox::Letter> Mailbox::take() {
    const pulsekit::MutexLock lock(mutex_);
    return std::exchange(letters_, {});
}

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
    void round(int count);
    void accept_some();
    bool make_room();
    void adopt(int fd, const sockaddr_storage& address);
    void on_event(Connection& connection, std::uint32_t events);
    void pump(Connection& connection);
    bool read_some(Connection& connection);
    /// Takes the next step with what is in `in`; false: it needs more bytes, or is not reading.
    bool advance(Connection& connection);
    bool take_head(Connection& connection);
    bool take_body(Connection& connection);
    bool take_chunks(Connection& connection);
    void hold(Connection& connection);
    void hand_over(Connection& connection);
    void refuse(Connection& connection, std::string_view head, int status);
    void send(Connection& connection, std::string bytes);
    void flush(Connection& connection);
    void answered(Connection& connection);
    void part(Connection& connection);
    void close(Connection& connection);
    void deliver();
    void sweep();
    void begin_draining();
    bool drained();
    void await_request(Connection& connection);
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
    std::size_t held_bytes_ = 0;
    std::vector<std::unique_ptr<Connection>> connections_;  // by file number
    std::vector<std::uint32_t> generations_;                // of the connections that had the number
    std::vector<Arrived> arrived_;
    std::array<epoll_event, 512> events_{};
    std::vector<char> buffer_ = std::vector<char>(kReadBytes);
    ServerCounters counters_;
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
        const auto left = std::chrono::duration_cast<milliseconds>(next_sweep_ - now_).count() + 1;
        const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                                       static_cast<int>(std::max<std::int64_t>(left, 0)));
        now_ = std::chrono::steady_clock::now();
        round(std::max(count, 0));
        if (now_ >= next_sweep_) sweep();
        if (stopping_ && !draining_) begin_draining();
        if (!arrived_.empty()) hooks_.arrived(std::exchange(arrived_, {}));
    }
    for (auto& connection : connections_) {
        if (connection) close(*connection);
    }
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
            ++counters_.refused;
            ::close(fd);
            continue;
        }
        adopt(fd, address);
    }
}

/// Closes the connection that has been idle for longest.
bool Parking::Loop::make_room() {
    Connection* oldest = nullptr;
    for (const auto& each : connections_) {
        const bool idle = each && each->phase == Phase::head && each->in.empty();
        if (idle && (!oldest || each->deadline < oldest->deadline)) oldest = each.get();
    }
    if (!oldest) return false;
    ++counters_.evicted;
    close(*oldest);
    return true;
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
    await_request(connection);
    // Told once of every change: no call to arm or disarm for each request.
    watch(connection.token, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void Parking::Loop::await_request(Connection& connection) {
    if (connection.in.empty()) std::string().swap(connection.in);  // who is idle holds nothing
    connection.phase = Phase::head;
    connection.searched = 0;
    connection.deadline = now_ + (connection.in.empty() ? limits_.idle_time : limits_.head_time);
}

void Parking::Loop::on_event(Connection& connection, std::uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(connection);
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) connection.readable = true;
    const Token token = connection.token;
    if ((events & EPOLLOUT) != 0 && !connection.out.empty()) flush(connection);
    if (find(token)) pump(connection);
}

/// Reads and takes requests as far as it goes: until bytes are missing, or a request is under way.
void Parking::Loop::pump(Connection& connection) {
    const Token token = connection.token;
    for (;;) {
        while (advance(connection)) {
            if (!find(token)) return;
        }
        if (!find(token)) return;
        if (connection.phase == Phase::handling || connection.phase == Phase::writing) return;
        if (!connection.readable || !read_some(connection)) return;
    }
}

/// False when nothing more is to be had now; the connection may be gone.
bool Parking::Loop::read_some(Connection& connection) {
    const auto size = ::recv(connection.token.fd, buffer_.data(), buffer_.size(), 0);
    if (size < 0) {
        if (errno == EINTR) return true;
        connection.readable = false;
        if (errno != EAGAIN && errno != EWOULDBLOCK) close(connection);
        return false;
    }
    if (size == 0) {
        close(connection);  // between requests, or in the middle of one that will never be whole
        return false;
    }
    const auto count = static_cast<std::size_t>(size);
    if (connection.phase == Phase::parting) return true;  // nobody listens any more
    const bool was_idle = connection.phase == Phase::head && connection.in.empty();
    if (was_idle) connection.deadline = now_ + limits_.head_time;
    std::string_view bytes(buffer_.data(), count);
    if (connection.phase == Phase::body && connection.in.empty()) {
        const auto wanted = static_cast<std::size_t>(connection.framing.content_length) - connection.body.size();
        connection.body.append(bytes.substr(0, wanted));
        bytes.remove_prefix(std::min(wanted, count));
    }
    connection.in.append(bytes);
    return true;
}

bool Parking::Loop::advance(Connection& connection) {
    if (connection.in.empty() && connection.phase != Phase::body) return false;
    switch (connection.phase) {
        case Phase::head: return take_head(connection);
        case Phase::body: return take_body(connection);
        case Phase::chunks: return take_chunks(connection);
        default: return false;
    }
}

bool Parking::Loop::take_head(Connection& connection) {
    auto& in = connection.in;
    // Empty lines before a request are no part of it (RFC 9112, 2.2).
    if (connection.searched == 0) in.erase(0, std::min(in.find_first_not_of("\r\n"), in.size()));
    const auto end = in.find("\r\n\r\n", connection.searched);
    const bool too_long = std::min(end, in.size()) > limits_.max_head_bytes;
    if (too_long) {
        refuse(connection, {}, 431);
        return true;
    }
    if (end == std::string::npos) {
        connection.searched = in.size() > 3 ? in.size() - 3 : 0;
        return false;
    }
    connection.head.assign(in, 0, end + 4);
    in.erase(0, end + 4);
    connection.framing = framing_of(connection.head);
    const auto& framing = connection.framing;
    int refused = framing.refused;
    if (refused == 0 && framing.content_length > limits_.max_body_bytes) refused = 413;
    const bool full = held_bytes_ + framing.content_length > limits_.max_held_bytes;
    if (refused == 0 && full && (framing.content_length > 0 || framing.chunked)) refused = 503;
    if (refused != 0) {
        refuse(connection, connection.head, refused);
        return true;
    }
    connection.phase = framing.chunked ? Phase::chunks : Phase::body;
    connection.chunks = {};
    connection.began = now_;
    hold(connection);
    if (framing.expects_continue && in.empty() && (framing.chunked || framing.content_length > 0)) {
        send(connection, std::string(kContinue));
    }
    return true;
}

bool Parking::Loop::take_body(Connection& connection) {
    const auto wanted = static_cast<std::size_t>(connection.framing.content_length) - connection.body.size();
    auto& in = connection.in;
    if (connection.body.empty() && in.size() == wanted) {
        connection.body.swap(in);
    } else {
        const auto taken = std::min(wanted, in.size());
        connection.body.append(in, 0, taken);
        in.erase(0, taken);
    }
    hold(connection);
    if (connection.body.size() < connection.framing.content_length) return false;
    hand_over(connection);
    return true;
}

bool Parking::Loop::take_chunks(Connection& connection) {
    std::size_t consumed = 0;
    const auto state = connection.chunks.take(connection.in, connection.body, limits_.max_body_bytes, consumed);
    connection.in.erase(0, consumed);
    hold(connection);
    if (state == ChunkedBody::State::more && held_bytes_ <= limits_.max_held_bytes) return false;
    if (state == ChunkedBody::State::done) {
        hand_over(connection);
    } else if (state == ChunkedBody::State::more) {
        refuse(connection, connection.head, 503);
    } else {
        refuse(connection, connection.head, connection.chunks.too_large() ? 413 : 400);
    }
    return true;
}

/// Counts what the request holds, and gives its body the time that its size asks for.
void Parking::Loop::hold(Connection& connection) {
    const auto held = connection.head.size() + connection.body.size();
    held_bytes_ += held - connection.held;
    connection.held = held;
    connection.deadline =
        connection.began + limits_.body_time +
        std::chrono::duration_cast<milliseconds>(std::chrono::seconds(connection.body.size() / limits_.body_rate));
}

void Parking::Loop::hand_over(Connection& connection) {
    ++counters_.requests;
    const auto& framing = connection.framing;
    const bool keep_alive = framing.keep_alive && !draining_;
    connection.phase = Phase::handling;
    arrived_.push_back({.from = connection.token,
                        .head = std::move(connection.head),
                        .body = std::move(connection.body),
                        .remote_address = connection.remote_address,
                        .form = {.keep_alive = keep_alive, .is_1_0 = framing.is_1_0, .without_body = framing.is_head}});
    connection.head = {};
    connection.body = {};
}

void Parking::Loop::refuse(Connection& connection, std::string_view head, int status) {
    ++counters_.bad_requests;
    connection.keep_alive = false;
    connection.answering = true;
    connection.in = {};
    send(connection, hooks_.refuse(head, status));
}

void Parking::Loop::send(Connection& connection, std::string bytes) {
    if (connection.out.empty()) {
        connection.out = std::move(bytes);
        connection.sent = 0;
    } else {
        connection.out += bytes;
    }
    connection.deadline = now_ + limits_.answer_time;
    flush(connection);
}

void Parking::Loop::flush(Connection& connection) {
    auto& out = connection.out;
    while (connection.sent < out.size()) {
        const auto size =
            ::send(connection.token.fd, out.data() + connection.sent, out.size() - connection.sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (connection.answering) connection.phase = Phase::writing;
            return;
        }
        if (size < 0) return close(connection);
        connection.sent += static_cast<std::size_t>(size);
    }
    connection.out = {};
    connection.sent = 0;
    if (connection.answering) answered(connection);
}

void Parking::Loop::answered(Connection& connection) {
    connection.answering = false;
    held_bytes_ -= connection.held;
    connection.held = 0;
    connection.head = {};
    connection.body = {};
    if (!connection.keep_alive) return part(connection);
    await_request(connection);
    if (draining_ && connection.in.empty()) part(connection);
}

/// Closing at once, with bytes of the client unread, would make its machine throw the answer away.
void Parking::Loop::part(Connection& connection) {
    ::shutdown(connection.token.fd, SHUT_WR);
    connection.in = {};
    connection.phase = Phase::parting;
    connection.deadline = now_ + kLingerTime;
    connection.readable = true;
}

void Parking::Loop::close(Connection& connection) {
    held_bytes_ -= connection.held;
    const int fd = connection.token.fd;
    --counters_.open;
    ::close(fd);  // epoll forgets it
    connections_[static_cast<std::size_t>(fd)] = nullptr;
}

Connection* Parking::Loop::find(Token token) {
    const auto index = static_cast<std::size_t>(token.fd);
    const auto* connection = index < connections_.size() ? connections_[index].get() : nullptr;
    return connection && connection->token.generation == token.generation ? connections_[index].get() : nullptr;
}

void Parking::Loop::deliver() {
    for (auto& letter : mailbox_->take()) {
        Connection* connection = find(letter.to);
        if (!connection || connection->phase != Phase::handling) continue;  // the client did not wait for it
        connection->answering = true;
        connection->keep_alive = letter.keep_alive;
        send(*connection, std::move(letter.bytes));
        if (find(letter.to)) pump(*connection);
    }
}

void Parking::Loop::sweep() {
    next_sweep_ = now_ + kSweepEvery;
    for (const auto& each : connections_) {
        if (!each || each->phase == Phase::handling || now_ < each->deadline) continue;
        const bool idle = each->phase == Phase::head && each->in.empty();
        if (!idle && each->phase != Phase::parting) ++counters_.timed_out;
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
    accept_some();  // who was let in by the system is answered, too
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
    ::close(std::exchange(listener_, -1));
    for (const auto& each : connections_) {
        if (each && each->phase == Phase::head && each->in.empty()) pump(*each);
    }
    for (const auto& each : connections_) {
        if (each && each->phase == Phase::head && each->in.empty()) part(*each);
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
