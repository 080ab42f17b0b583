#include "tests/bench/ingest_load.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "tests/bench/loopback.hpp"

namespace bench {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{10};  // for the answers to what came due last

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "ingest: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

int connected_without_delay(std::uint16_t port) {
    const int fd = connected(port);
    if (fd < 0) die("connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

std::uint64_t number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    std::uint64_t value = 0;
    if (at != text.npos) std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
    return value;
}

struct Answer {
    int status = 0;
    std::size_t size = 0;
    std::string_view body;
};

/// Nothing while it is not whole.
std::optional<Answer> whole_answer(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == bytes.npos) return std::nullopt;
    const auto head = bytes.substr(0, end);
    const std::size_t length = number_after(head, "Content-Length: ");
    if (bytes.size() < end + 4 + length) return std::nullopt;
    return Answer{.status = static_cast<int>(number_after(head, "HTTP/1.1 ")),
                  .size = end + 4 + length,
                  .body = bytes.substr(end + 4, length)};
}

}  // namespace

Load::Load(std::uint16_t port, std::size_t connections) : connections_(connections), buffer_(65'536) {
    prctl(PR_SET_TIMERSLACK, 1UL);  // else every timed wait may last 50 us longer
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) die("epoll_create1");
    for (std::size_t i = 0; i < connections; ++i) {
        connections_[i].fd = connected_without_delay(port);
        epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &event) != 0) die("epoll_ctl");
    }
}

Load::~Load() {
    for (const auto& connection : connections_) {
        if (connection.fd >= 0) close(connection.fd);
    }
    close(epoll_);
}

Report Load::run(const Plan& plan) {
    plan_ = &plan;
    report_ = {};
    requests_ = plan.requests;
    begun_ = settled_ = 0;
    idle_.clear();
    overdue_.clear();
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        auto& connection = connections_[i];
        connection.turns_due = connection.turns_taken = connection.answers = 0;
        if (connection.fd >= 0) idle_.push_back(i);
    }
    start_ = steady_clock::now();
    auto give_up = start_ + plan.patience;
    if (plan.per_second > 0) give_up = std::min(give_up, due_time(plan.requests) + kGrace);
    if (plan.per_second == 0) {
        for (const auto i : std::exchange(idle_, {})) go_on(i, start_);
    }
    while (settled_ < requests_ && steady_clock::now() < give_up) {
        if (plan.per_second > 0) dispatch_due(steady_clock::now());
        if (begun_ < requests_ && plan.enough && plan.enough()) {
            drop_overdue(steady_clock::now());
            give_up = std::min(give_up, steady_clock::now() + kGrace);
        }
        wait();
    }
    const auto end = steady_clock::now();
    report_.seconds = std::chrono::duration<double>(end - start_).count();
    for (auto& connection : connections_) {
        if (connection.answers == 0) ++report_.unserved;
        if (!connection.busy) continue;
        report_.latencies_ms.push_back(std::chrono::duration<double, std::milli>(end - connection.due).count());
        if (report_.complaint.empty()) report_.complaint = "a request was not answered in time";
    }
    report_.failed = requests_ - report_.answered;
    return std::move(report_);
}

Load::Time Load::due_time(std::uint64_t request) const {
    return start_ + nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(request) / plan_->per_second));
}

/// What could not even be sent counts as long as it has waited.
void Load::drop_overdue(Time now) {
    for (const auto due : overdue_) {
        report_.latencies_ms.push_back(std::chrono::duration<double, std::milli>(now - due).count());
    }
    begun_ -= overdue_.size();
    overdue_.clear();
    requests_ = begun_;
}

void Load::dispatch_due(Time now) {
    while (begun_ < requests_ && due_time(begun_) <= now) {
        const auto due = due_time(begun_);
        const std::size_t turn = begun_++ % connections_.size();
        if (plan_->taking_turns) {
            ++connections_[turn].turns_due;
            if (!connections_[turn].busy) go_on(turn, now);
        } else if (idle_.empty()) {
            overdue_.push_back(due);
        } else {
            const auto connection = idle_.front();
            idle_.pop_front();
            begin(connection, due);
        }
    }
}

void Load::go_on(std::size_t index, Time now) {
    auto& connection = connections_[index];
    if (connection.fd < 0) return;
    if (plan_->per_second == 0) {
        if (begun_ == requests_) return;
        ++begun_;
        begin(index, now);
    } else if (plan_->taking_turns) {
        if (connection.turns_taken == connection.turns_due) return;
        begin(index, due_time(index + connections_.size() * connection.turns_taken++));
    } else if (overdue_.empty()) {
        idle_.push_back(index);
    } else {
        begin(index, overdue_.front());
        overdue_.pop_front();
    }
}

void Load::begin(std::size_t index, Time due) {
    auto& connection = connections_[index];
    connection.busy = true;
    connection.due = due;
    connection.unsent = plan_->next(index);
    send(index);
}

void Load::send(std::size_t index) {
    auto& connection = connections_[index];
    while (!connection.unsent.empty()) {
        const auto sent = ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            connection.unsent.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            return watch(index, true);
        } else if (errno != EINTR) {
            return cut_off(index, std::strerror(errno));
        }
    }
    watch(index, false);
}

void Load::watch(std::size_t index, bool writing) {
    auto& connection = connections_[index];
    if (connection.wants_to_write == writing) return;
    connection.wants_to_write = writing;
    epoll_event event{.events = EPOLLIN | (writing ? EPOLLOUT : 0u), .data = {.u64 = index}};
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event) != 0) die("epoll_ctl");
}

void Load::wait() {
    timespec timeout{.tv_sec = 0, .tv_nsec = 100'000'000};
    if (plan_->per_second > 0 && begun_ < requests_) {
        const auto left = std::clamp<std::int64_t>((due_time(begun_) - steady_clock::now()).count(), 0, 100'000'000);
        timeout.tv_nsec = static_cast<long>(left);
    }
    epoll_event events[256];
    const int ready = epoll_pwait2(epoll_, events, static_cast<int>(std::size(events)), &timeout, nullptr);
    for (int i = 0; i < ready; ++i) {
        const auto index = static_cast<std::size_t>(events[i].data.u64);
        if ((events[i].events & EPOLLOUT) != 0) send(index);
        if ((events[i].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) receive(index);
    }
}

void Load::receive(std::size_t index) {
    auto& connection = connections_[index];
    if (connection.fd < 0) return;
    const auto got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return cut_off(index, got == 0 ? "the server closed a connection" : std::strerror(errno));
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (!connection.answer.empty()) bytes = connection.answer.append(bytes);
    const auto answer = whole_answer(bytes);
    if (!answer) {
        if (connection.answer.empty()) connection.answer = bytes;
        return;
    }
    if (!connection.busy || !connection.unsent.empty() || answer->size != bytes.size()) {
        return cut_off(index, "an answer to nothing: " + std::string(bytes.substr(0, 200)));
    }
    finish(index, answer->status, answer->body);
}

void Load::finish(std::size_t index, int status, std::string_view body) {
    auto& connection = connections_[index];
    const auto now = steady_clock::now();
    ++settled_;
    ++connection.answers;
    if (status == plan_->status) {
        ++report_.answered;
        report_.accepted += number_after(body, "\"accepted\":");
        report_.latencies_ms.push_back(std::chrono::duration<double, std::milli>(now - connection.due).count());
    } else if (report_.complaint.empty()) {
        report_.complaint = "an answer with status " + std::to_string(status) + ": " + std::string(body);
    }
    connection.answer.clear();
    connection.busy = false;
    go_on(index, now);
}

void Load::cut_off(std::size_t index, const std::string& why) {
    auto& connection = connections_[index];
    if (report_.complaint.empty()) report_.complaint = why;
    close(connection.fd);
    connection.fd = -1;
    if (std::exchange(connection.busy, false)) ++settled_;
}

}  // namespace bench
