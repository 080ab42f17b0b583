// The server over raw sockets: what clients do that no library would.
#pragma once

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/server.hpp"

namespace collector::http {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

inline constexpr auto kPatience = std::chrono::seconds(60);

class RawClient {
public:
    explicit RawClient(int port, bool v6 = false) {
        socket_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in v4_address{};
        v4_address.sin_family = AF_INET;
        v4_address.sin_port = htons(static_cast<std::uint16_t>(port));
        v4_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sockaddr_in6 v6_address{};
        v6_address.sin6_family = AF_INET6;
        v6_address.sin6_port = v4_address.sin_port;
        v6_address.sin6_addr = in6addr_loopback;
        const auto* address = v6 ? reinterpret_cast<sockaddr*>(&v6_address) : reinterpret_cast<sockaddr*>(&v4_address);
        connected_ = ::connect(socket_, address, v6 ? sizeof v6_address : sizeof v4_address) == 0;
    }
    ~RawClient() { close(); }
    RawClient(RawClient&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_), in_(std::move(other.in_)) {}
    RawClient& operator=(RawClient&&) = delete;

    bool connected() const { return connected_; }
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }
    void half_close() const { ::shutdown(socket_, SHUT_WR); }
    /// Leaves without a word: a close() alone may be that of a client which still reads.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }

    /// One answer, head and body; what has come when the connection ends or patience does.
    std::string answer() {
        const auto until = steady_clock::now() + kPatience;
        for (;;) {
            const auto end = in_.find("\r\n\r\n");
            if (end != std::string::npos) {
                const auto at = in_.find("Content-Length: ");
                const std::size_t length = at < end ? std::stoul(in_.substr(at + 16, 20)) : 0;
                if (in_.size() >= end + 4 + length) {
                    std::string whole = in_.substr(0, end + 4 + length);
                    in_.erase(0, whole.size());
                    return whole;
                }
            }
            if (!read(until)) return std::exchange(in_, {});
        }
    }
    int status() {
        const auto whole = answer();
        return whole.size() > 12 ? std::stoi(whole.substr(9, 3)) : 0;
    }
    /// Sends the same for as long as the server takes it and the test goes on. How much that was.
    std::size_t flood(std::string_view bytes, const std::stop_token& stop) const {
        const timeval patience{0, 100'000};
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        std::size_t sent = 0;
        while (!stop.stop_requested()) {
            const auto size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size < 0 && errno != EAGAIN) break;
            sent += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
        }
        return sent;
    }
    /// Whether the server ends the connection; what it sends before is thrown away.
    bool ends() {
        const auto until = steady_clock::now() + kPatience;
        while (read(until)) {}
        return ended_;
    }

private:
    bool read(steady_clock::time_point until) {
        const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
        pollfd wanted{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) return false;
        char bytes[65'536];
        const auto size = ::recv(socket_, bytes, sizeof bytes, 0);
        ended_ = size <= 0;
        if (size > 0) in_.append(bytes, static_cast<std::size_t>(size));
        return size > 0;
    }

    int socket_ = -1;
    bool connected_ = false;
    bool ended_ = false;
    std::string in_;
};

inline std::string post(const std::string& body, const std::string& headers = {}) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// Its answer waits for the test's sign.
inline std::string post_later(const std::string& body) {
    std::string request = post(body);
    return request.replace(5, 5, "/later");
}

/// A server with routes that echo, answer much, answer later or never end.
class ParkingTest : public testing::Test {
protected:
    ParkingTest() {
        options_.port = 0;
        options_.limits.max_body_bytes = 100'000;
    }
    ~ParkingTest() override {
        asleep_ = false;
        server_.reset();
        answering_.request_stop();
    }

    void start() {
        std::vector<Route> routes;
        const auto add = [&](std::string method, std::string pattern, Handler handler) {
            routes.push_back({.method = std::move(method),
                              .pattern = std::move(pattern),
                              .handler = std::move(handler),
                              .envelope = plain_envelope});
        };
        add("POST", "/echo", [](Request request, Responder responder) { responder.answer({.body = request.body}); });
        add("GET", "/big",
            [](Request, Responder responder) { responder.answer({.body = std::string(12'000'000, 'x')}); });
        add("GET", "/hello",
            [](Request request, Responder responder) { responder.answer({.body = request.remote_address}); });
        add("GET", "/header", [](Request request, Responder responder) {
            responder.answer(
                {.body = request.headers.joined("X") + "|" + std::string(request.parameter("q").value_or("-"))});
        });
        add("GET", "/sleep", [this](Request, Responder responder) {
            for (++sleepers_; asleep_;) std::this_thread::sleep_for(milliseconds(5));
            responder.answer({});
        });
        add("POST", "/later", [this](Request request, Responder responder) {
            const std::lock_guard lock(mutex_);
            later_.emplace_back(std::move(responder), std::move(request.body));
        });
        server_ = std::make_unique<Server>(std::move(routes), options_);
        const auto port = server_->start();
        ASSERT_TRUE(port.ok());
        port_ = *port;
        answering_ = std::jthread([this](std::stop_token stop) {
            while (!stop.stop_requested()) {
                if (!held_) answer_later();
                std::this_thread::sleep_for(milliseconds(1));
            }
        });
    }
    void answer_later() {
        std::vector<std::pair<Responder, std::string>> ready;
        {
            const std::lock_guard lock(mutex_);
            ready.swap(later_);
        }
        for (auto& [responder, body] : ready) responder.answer({.body = std::move(body)});
    }
    std::size_t waiting() {
        const std::lock_guard lock(mutex_);
        return later_.size();
    }
    template <typename Condition>
    bool eventually(Condition condition) {
        const auto until = steady_clock::now() + kPatience;
        while (!condition()) {
            if (steady_clock::now() > until) return false;
            std::this_thread::sleep_for(milliseconds(5));
        }
        return true;
    }
    RawClient client() const { return RawClient(port_); }

    Server::Options options_;
    std::unique_ptr<Server> server_;
    int port_ = 0;
    std::mutex mutex_;
    std::vector<std::pair<Responder, std::string>> later_;
    std::atomic<bool> held_ = false;
    std::atomic<bool> asleep_ = true;
    std::atomic<int> sleepers_ = 0;
    std::jthread answering_;
};

}  // namespace collector::http
