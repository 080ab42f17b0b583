#include "http/conversation.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace collector::http {
namespace {

using std::chrono::milliseconds;

constexpr int kReadsATurn = 8;
constexpr milliseconds kLingerTime{2'000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::size_t kSmallRequest = 4 * 1024;

bool gathers(const Connection& connection) {
    return connection.phase == Phase::head || connection.phase == Phase::body || connection.phase == Phase::chunks;
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

struct HeadEnd {
    std::optional<std::size_t> size;  // of the head, its empty line included
    bool bad_line = false;            // a line ends in LF alone
};

HeadEnd end_of_head(std::string_view bytes, std::size_t searched) {
    for (auto at = bytes.find('\n', searched); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
        if (at == 0 || bytes[at - 1] != '\r') return {.size = {}, .bad_line = true};
        if (at >= 3 && bytes[at - 2] == '\n') return {.size = at + 1};
    }
    return {};
}

/// Grows by doubling, but never beyond what will come: a string's own growth may take twice as much.
void append(std::string& body, std::string_view bytes, std::size_t whole) {
    if (const auto size = body.size() + bytes.size(); size > body.capacity()) {
        std::string grown;
        grown.reserve(std::min(std::max(2 * body.capacity(), size), std::max(whole, size)));
        grown.append(body);
        body.swap(grown);
    }
    body.append(bytes);
}

/// Moves the first `size` bytes of `in` to `to`, which is empty.
void take_front(std::string& in, std::size_t size, std::string& to) {
    if (size == in.size()) {
        to.swap(in);
    } else {
        to.assign(in, 0, size);
        in.erase(0, size);
    }
}

}  // namespace

void Conversation::await_request(Connection& connection) {
    auto& in = connection.in;
    if (in.empty()) {
        release(in);
    } else if (in.size() < in.capacity() / 4) {
        std::string(in).swap(in);  // it came with a body, and had the room that bodies need
    }
    connection.phase = Phase::head;
    connection.idle = true;
    connection.searched = 0;
    connection.deadline = now_ + limits_.idle_time;
}

bool Conversation::take_turn(Connection& connection) {
    for (int reads = 0;; ++reads) {
        while (advance(connection)) {}
        count(connection);
        if (gathers(connection) && !connection.is_idle() && !has_room(connection, 0)) refuse(connection, 503);
        const bool reading = gathers(connection) || connection.phase == Phase::parting;
        if (!reading || !connection.readable) return false;
        if (reads == kReadsATurn) return true;  // who sends without end keeps nobody else waiting
        read_some(connection);
    }
}

void Conversation::read_some(Connection& connection) {
    std::size_t wanted = kHeadBytesARead;
    if (connection.phase == Phase::body) {
        wanted += static_cast<std::size_t>(connection.framing.content_length) - connection.body.size();
    } else if (connection.phase != Phase::head) {
        wanted = kBodyBytesARead;
    }
    wanted = std::min(wanted, kBodyBytesARead);
    const auto size = ::recv(connection.token.fd, buffer_.data(), wanted, 0);
    if (size < 0 && errno == EINTR) return;
    if (size < 0 && would_block()) {
        connection.readable = false;
    } else if (size <= 0) {
        connection.phase = Phase::over;  // between requests, or in the middle of one that will never be whole
    } else {
        const auto count = static_cast<std::size_t>(size);
        // Less than there was room for is all there is, and epoll will tell of more; but not again of the end.
        if (count < wanted) connection.readable = connection.hung_up;
        take_bytes(connection, {buffer_.data(), count});
    }
}

void Conversation::take_bytes(Connection& connection, std::string_view bytes) {
    if (connection.phase == Phase::parting) return;  // nobody listens any more
    if (connection.phase == Phase::body && connection.in.empty()) {
        const auto whole = static_cast<std::size_t>(connection.framing.content_length);
        const auto taken = std::min(whole - connection.body.size(), bytes.size());
        append(connection.body, bytes.substr(0, taken), whole);
        bytes.remove_prefix(taken);
    }
    connection.in.append(bytes);
}

bool Conversation::advance(Connection& connection) {
    switch (connection.phase) {
        case Phase::head: return !connection.in.empty() && take_head(connection);
        case Phase::body: return take_body(connection);
        case Phase::chunks: return !connection.in.empty() && take_chunks(connection);
        default: return false;
    }
}

bool Conversation::take_head(Connection& connection) {
    auto& in = connection.in;
    // Empty lines before a request are no part of it (RFC 9112, 2.2): whoever sends nothing else is as idle as before.
    if (connection.searched == 0) in.erase(0, std::min(in.find_first_not_of("\r\n"), in.size()));
    if (in.empty()) {
        release(in);
        return false;
    }
    if (std::exchange(connection.idle, false)) connection.deadline = now_ + limits_.head_time;
    const auto end = end_of_head(in, connection.searched);
    int refused = end.bad_line ? 400 : 0;
    if (end.size.value_or(in.size()) > limits_.max_head_bytes) refused = 431;
    if (refused == 0 && !end.size) {
        connection.searched = in.size();
        return false;
    }
    if (refused == 0) {
        take_front(in, *end.size, connection.head);
        connection.framing = framing_of(connection.head);
        refused = refusal_of(connection);
    }
    refused == 0 ? begin_body(connection) : refuse(connection, refused);
    return true;
}

int Conversation::refusal_of(const Connection& connection) const {
    const auto& framing = connection.framing;
    if (framing.refused != 0) return framing.refused;
    if (framing.content_length > limits_.max_body_bytes) return 413;
    return has_room(connection, static_cast<std::size_t>(framing.content_length)) ? 0 : 503;
}

void Conversation::begin_body(Connection& connection) {
    const auto& framing = connection.framing;
    connection.phase = framing.chunked ? Phase::chunks : Phase::body;
    connection.chunks = {};
    connection.began = now_;
    extend_deadline(connection);
    if (framing.expects_continue && connection.in.empty() && (framing.chunked || framing.content_length > 0)) {
        connection.out.append(kContinue);
        flush(connection);
    }
}

bool Conversation::take_body(Connection& connection) {
    auto& in = connection.in;
    auto& body = connection.body;
    const auto whole = static_cast<std::size_t>(connection.framing.content_length);
    const auto taken = std::min(whole - body.size(), in.size());
    if (body.empty()) {
        take_front(in, taken, body);
    } else {
        append(body, std::string_view(in).substr(0, taken), whole);
        in.erase(0, taken);
    }
    extend_deadline(connection);
    if (body.size() < whole) return false;
    hand_over(connection);
    return true;
}

bool Conversation::take_chunks(Connection& connection) {
    std::size_t consumed = 0;
    const auto state = connection.chunks.take(connection.in, connection.body, limits_.max_body_bytes, consumed);
    connection.in.erase(0, consumed);
    extend_deadline(connection);
    if (state == ChunkedBody::State::more) return false;
    if (state == ChunkedBody::State::done) {
        hand_over(connection);
    } else {
        refuse(connection, connection.chunks.too_large() ? 413 : 400);
    }
    return true;
}

/// Gives a body the time that its size asks for.
void Conversation::extend_deadline(Connection& connection) const {
    connection.deadline =
        connection.began + limits_.body_time +
        std::chrono::duration_cast<milliseconds>(std::chrono::seconds(connection.body.size() / limits_.body_rate));
}

void Conversation::count(Connection& connection) {
    const auto held = heap_bytes(connection);
    held_bytes_ += held - connection.counted;
    connection.counted = held;
}

/// The last eighth is for small requests: health must be asked for while others fill the memory.
bool Conversation::has_room(const Connection& connection, std::size_t more) const {
    const auto own = heap_bytes(connection) + more;
    const auto bound = limits_.max_held_bytes;
    return held_bytes_ - connection.counted + own <= (own <= kSmallRequest ? bound : bound - bound / 8);
}

void Conversation::hand_over(Connection& connection) {
    ++counters_.requests;
    const auto& framing = connection.framing;
    const bool keep_alive = framing.keep_alive && !draining_;
    const auto held = heap_bytes(connection.head) + heap_bytes(connection.body);
    held_bytes_ += held;  // even if the client leaves: until it is answered
    connection.phase = Phase::handling;
    connection.given_up = std::stop_source();
    arrived_.push_back({.from = connection.token,
                        .head = std::exchange(connection.head, std::string()),
                        .body = std::exchange(connection.body, std::string()),
                        .remote_address = connection.remote_address,
                        .form = {.keep_alive = keep_alive, .is_1_0 = framing.is_1_0, .without_body = framing.is_head},
                        .gone = connection.given_up.get_token(),
                        .held = held});
}

void Conversation::refuse(Connection& connection, int status) {
    ++counters_.bad_requests;
    std::string bytes = hooks_.refuse(connection.head, status);
    release(connection.in);
    release(connection.head);
    release(connection.body);
    answer(connection, std::move(bytes), false);
    count(connection);
}

std::vector<Arrived> Conversation::take_arrived() { return std::exchange(arrived_, {}); }

void Conversation::answer(Connection& connection, std::string bytes, bool keep_alive) {
    connection.keep_alive = keep_alive;
    connection.answering = true;
    if (connection.out.empty()) {
        connection.out = std::move(bytes);
    } else {
        connection.out += bytes;
    }
    connection.deadline = now_ + limits_.answer_time;
    flush(connection);
    if (connection.phase == Phase::writing) await_reader(connection);
}

void Conversation::flush(Connection& connection) {
    auto& out = connection.out;
    while (connection.sent < out.size()) {
        const auto size =
            ::send(connection.token.fd, out.data() + connection.sent, out.size() - connection.sent, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) {
            if (!would_block()) {
                connection.phase = Phase::over;
            } else if (connection.answering) {
                connection.phase = Phase::writing;
            }
            return;
        }
        connection.sent += static_cast<std::size_t>(size);
    }
    release(out);
    connection.sent = 0;
    if (connection.answering) answered(connection);
}

/// An answer cannot be refused any more when there is no room for what is left of it: its reader is cut.
void Conversation::await_reader(Connection& connection) {
    count(connection);
    if (held_bytes_ <= limits_.max_held_bytes) return;
    ++counters_.timed_out;
    connection.phase = Phase::over;
}

void Conversation::answered(Connection& connection) {
    connection.answering = false;
    if (connection.rest) {
        connection.phase = Phase::handling;
        return hooks_.pull(connection.token, std::move(connection.rest));
    }
    if (!connection.keep_alive) return part(connection);
    await_request(connection);
    if (draining_ && connection.in.empty()) part(connection);
}

void Conversation::part(Connection& connection) {
    ::shutdown(connection.token.fd, SHUT_WR);
    release(connection.in);
    connection.phase = Phase::parting;
    connection.deadline = now_ + kLingerTime;
    connection.readable = true;
}

void Conversation::forget(Connection& connection) {
    if (connection.phase == Phase::handling) connection.given_up.request_stop();
    held_bytes_ -= std::exchange(connection.counted, 0);
}

}  // namespace collector::http
