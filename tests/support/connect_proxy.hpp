// A proxy that tunnels: keeps the head of each CONNECT, and leads every one of them to the same port of loopback.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/socket_server.hpp"

namespace pulsekit::test {

class ConnectProxy {
public:
    explicit ConnectProxy(std::uint16_t target)
        : target_(target), server_([this](SocketServer& server, int fd) { serve(server, fd); }) {}

    std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
    std::vector<std::string> heads() const {
        const std::lock_guard lock(mutex_);
        return heads_;
    }

private:
    void serve(SocketServer& server, int fd) {
        std::string head;
        while (head.find("\r\n\r\n") == std::string::npos) {
            char byte = 0;
            if (!server.readable(fd) || ::recv(fd, &byte, 1, 0) <= 0) return;
            head += byte;
        }
        {
            const std::lock_guard lock(mutex_);
            heads_.push_back(head);
        }
        const int target = SocketServer::connect_to(target_);
        if (target < 0) return;
        SocketServer::send_all(fd, "HTTP/1.1 200 Connected\r\n\r\n");
        std::thread back([&] { pump(server, target, fd); });
        pump(server, fd, target);
        back.join();
        ::close(target);
    }

    static void pump(SocketServer& server, int from, int to) {
        std::array<char, 4096> chunk{};
        while (server.readable(from)) {
            const auto got = ::recv(from, chunk.data(), chunk.size(), 0);
            if (got <= 0 || !SocketServer::send_all(to, {chunk.data(), static_cast<std::size_t>(got)})) break;
        }
        ::shutdown(to, SHUT_RDWR);
    }

    std::uint16_t target_;
    mutable std::mutex mutex_;
    std::vector<std::string> heads_;
    SocketServer server_;  // last: its threads use the others
};

}  // namespace pulsekit::test
