#include "send/input.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pulsekit::send {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kMostAfterSignal = 1024 * 1024;

// A handler can reach nothing but what is global. It writes to a pipe that the input waits on beside its own, so that a
// signal is seen whenever it comes and whichever thread gets it.
int g_signal_write = -1;

void on_signal(int) {
    const int saved = errno;
    const char byte = 0;
    [[maybe_unused]] const auto written = ::write(g_signal_write, &byte, 1);
    errno = saved;
}

}  // namespace

Input::Input() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    for (const int end : ends) {
        ::fcntl(end, F_SETFD, FD_CLOEXEC);
        ::fcntl(end, F_SETFL, O_NONBLOCK);
    }
    signal_pipe_ = ends[0];
    g_signal_write = ends[1];
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // and no SA_RESTART
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
}

Result<std::optional<InputLine>> Input::next() {
    for (;;) {
        if (auto line = take_line()) return line;
        if (ended_) return std::optional<InputLine>();
        switch (fill()) {
            case More::yes: break;
            case More::no: ended_ = true; break;
            case More::failed:
                return Error{ErrorCode::unavailable, std::string("cannot read standard input: ") + ::strerror(errno)};
        }
    }
}

std::optional<InputLine> Input::take_line() {
    auto end = buffer_.find('\n', scanned_);
    scanned_ = buffer_.size();
    if (end == std::string::npos) {
        if (buffer_.size() - start_ > kMaxLine) {
            skipping_ = true;
            buffer_.clear();
            start_ = scanned_ = 0;
        }
        if (!ended_ || (start_ == buffer_.size() && !skipping_)) return std::nullopt;
        end = buffer_.size();
    }
    InputLine line;
    line.may_be_cut = end == buffer_.size() && stopped_ && !at_end_of_file_;
    line.number = ++number_;
    line.too_long = std::exchange(skipping_, false) || end - start_ > kMaxLine;
    if (!line.too_long) line.text = buffer_.substr(start_, end - start_);
    start_ = scanned_ = std::min(end + 1, buffer_.size());
    return line;
}

Input::More Input::fill() {
    if (!wait_for_input()) return More::no;
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
    const std::size_t old_size = buffer_.size();
    const std::size_t wanted = stopped_ ? std::min(kChunk, still_wanted_) : kChunk;
    buffer_.resize(old_size + wanted);
    const auto n = ::read(STDIN_FILENO, buffer_.data() + old_size, wanted);
    const int error = errno;
    buffer_.resize(old_size + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n > 0) {
        if (stopped_) still_wanted_ -= static_cast<std::size_t>(n);
        return More::yes;
    }
    if (n == 0) {
        at_end_of_file_ = true;
        return More::no;
    }
    if (error == EINTR || error == EAGAIN) return More::yes;
    errno = error;
    return More::failed;
}

bool Input::wait_for_input() {
    while (!stopped_) {
        pollfd both[2] = {{STDIN_FILENO, POLLIN, 0}, {signal_pipe_, POLLIN, 0}};
        if (::poll(both, 2, -1) < 0) {
            if (errno == EINTR) continue;
            return true;  // let read() say what is wrong
        }
        if (both[1].revents != 0) note_signal();
        if (!stopped_) return true;
    }
    return still_wanted_ > 0;
}

void Input::note_signal() {
    stopped_ = true;
    int waiting = 0;
    if (::ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0) {
        still_wanted_ = std::min(static_cast<std::size_t>(waiting), kMostAfterSignal);
    }
}

}  // namespace pulsekit::send
