// A server on a real socket that does to each request what the test says: answer, hang, reset, cut the answer short.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/sockets.hpp"

namespace pulsekit::test {

class ScriptedServer {
public:
    struct Received {
        std::string head;
        std::string body;
    };
    struct Reply {
        std::string bytes;   ///< sent as they are
        bool reset = false;  ///< then the connection is reset
        bool close = false;  ///< then the connection is closed
        bool hang = false;   ///< then nothing happens any more
    };
    using Script = std::function<Reply(std::size_t number, const Received&)>;

    static Reply answer(int status, const std::string& body, const std::string& headers = {}) {
        return {"HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n" + headers + "\r\n" + body};
    }

    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        listener_ = open_socket();
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 16);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept_all(); });
    }

    ~ScriptedServer() {
        stopping_ = true;
        thread_.join();
        for (auto& connection : connections_) connection.join();
        close_socket(listener_);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::size_t count() const { return count_; }

private:
    bool readable(Socket fd) const {
        while (!stopping_) {
            pollfd wanted{fd, POLLIN, 0};
            if (poll_socket(wanted, 20) > 0) return true;
        }
        return false;
    }

    void accept_all() {
        while (readable(listener_)) {
            const Socket fd = ::accept(listener_, nullptr, nullptr);
            if (fd != kNoSocket) connections_.emplace_back([this, fd] { serve(fd); });
        }
    }

    void serve(Socket fd) {
        std::string bytes;
        Received received;
        while (read_request(fd, bytes, received)) {
            const Reply reply = script_(count_++, received);
            std::size_t sent = 0;
            while (sent < reply.bytes.size()) {
                const auto n = send_some(fd, reply.bytes.data() + sent, reply.bytes.size() - sent);
                if (n <= 0) break;
                sent += static_cast<std::size_t>(n);
            }
            if (reply.reset) {
                const linger now{1, 0};
                ::setsockopt(fd, SOL_SOCKET, SO_LINGER, reinterpret_cast<const char*>(&now), sizeof now);
            }
            if (reply.reset || reply.close) break;
            if (reply.hang) {
                char sink[1024];
                while (readable(fd) && ::recv(fd, sink, sizeof sink, 0) > 0) {}
                break;
            }
        }
        close_socket(fd);
    }

    bool read_request(Socket fd, std::string& bytes, Received& received) {
        for (;;) {
            const auto end = bytes.find("\r\n\r\n");
            if (end != std::string::npos) {
                const auto at = bytes.find("Content-Length: ");
                const std::size_t length = at < end ? std::stoul(bytes.substr(at + 16)) : 0;
                if (bytes.size() >= end + 4 + length) {
                    received = {bytes.substr(0, end), bytes.substr(end + 4, length)};
                    bytes.erase(0, end + 4 + length);
                    return true;
                }
            }
            char chunk[16'384];
            if (!readable(fd)) return false;
            const auto n = ::recv(fd, chunk, sizeof chunk, 0);
            if (n <= 0) return false;
            bytes.append(chunk, static_cast<std::size_t>(n));
        }
    }

    Script script_;
    Socket listener_ = kNoSocket;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> count_{0};
    std::thread thread_;
    std::vector<std::thread> connections_;
};

}  // namespace pulsekit::test
