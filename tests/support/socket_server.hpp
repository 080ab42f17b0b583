// A listening socket on loopback and a thread for each connection; what is spoken there is somebody else's.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

namespace pulsekit::test {

class SocketServer {
public:
    /// `serve` speaks with one connection, which is closed when it returns.
    explicit SocketServer(std::function<void(SocketServer&, int fd)> serve) : serve_(std::move(serve)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = loopback(0);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 16);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }
    ~SocketServer() {
        stopping_ = true;
        thread_.join();
        for (auto& connection : connections_) connection.join();
        ::close(listener_);
    }
    SocketServer(const SocketServer&) = delete;
    SocketServer& operator=(const SocketServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::size_t connections() const { return count_; }

    /// Waits for bytes, a hang-up, or the end of the server: then false.
    bool readable(int fd) const {
        while (!stopping_) {
            pollfd wanted{fd, POLLIN, 0};
            if (::poll(&wanted, 1, 20) > 0) return true;
        }
        return false;
    }

    static bool send_all(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// A connection to another port of loopback, or -1.
    static int connect_to(std::uint16_t port) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(port);
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
        ::close(fd);
        return -1;
    }

private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    void accept_all() {
        while (readable(listener_)) {
            const int fd = ::accept(listener_, nullptr, nullptr);
            if (fd < 0) continue;
            ++count_;
            connections_.emplace_back([this, fd] {
                serve_(*this, fd);
                ::close(fd);
            });
        }
    }

    std::function<void(SocketServer&, int)> serve_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> count_{0};
    std::thread thread_;
    std::vector<std::thread> connections_;
};

}  // namespace pulsekit::test
