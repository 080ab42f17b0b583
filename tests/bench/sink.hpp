// A collector that takes everything, in a process of its own: it unpacks each request, counts its events and says so.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bench {

/// Make it before any thread: it forks.
class Sink {
public:
    struct Counts {
        std::atomic<std::uint64_t> requests{0};
        std::atomic<std::uint64_t> events{0};
        std::atomic<std::uint64_t> body_bytes{0};  ///< as they came over the wire
        std::atomic<std::uint64_t> json_bytes{0};
    };

    Sink() {
        void* shared = mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED) std::abort();
        counts_ = new (shared) Counts;
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 64) != 0 ||
            getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            std::abort();
        port_ = ntohs(address.sin_port);
        child_ = fork();
        if (child_ < 0) std::abort();
        if (child_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(listener);
        }
        close(listener);
    }
    ~Sink() {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        munmap(counts_, sizeof(Counts));
    }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
    const Counts& counts() const { return *counts_; }

private:
    [[noreturn]] void serve(int listener) {
        std::signal(SIGPIPE, SIG_IGN);
        for (;;) {
            const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection < 0) std::_Exit(1);
            const int on = 1;
            setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            std::thread([this, connection] {
                talk(connection);
                close(connection);
            }).detach();
        }
    }

    void talk(int connection) {
        std::string in;
        std::vector<char> json(16 * 1024 * 1024);
        std::vector<char> buffer(256 * 1024);
        const auto more = [&] {
            const ssize_t got = read(connection, buffer.data(), buffer.size());
            if (got > 0) in.append(buffer.data(), static_cast<std::size_t>(got));
            return got > 0;
        };
        for (;;) {
            std::size_t end = 0;
            while ((end = in.find("\r\n\r\n")) == std::string::npos) {
                if (!more()) return;
            }
            const std::string head = lower(in.substr(0, end + 2));
            const std::size_t length = std::strtoul(header(head, "content-length").c_str(), nullptr, 10);
            if (header(head, "expect") == "100-continue" && !answer(connection, "HTTP/1.1 100 Continue\r\n\r\n"))
                return;
            while (in.size() < end + 4 + length) {
                if (!more()) return;
            }
            const std::string_view body = std::string_view(in).substr(end + 4, length);
            const bool packed = header(head, "content-encoding") == "gzip";
            const std::string_view text = packed ? unpack(body, json) : body;
            if (text.empty()) return;
            const std::uint64_t events = count(text, "\"event_id\":\"");
            counts_->requests += 1;
            counts_->events += events;
            counts_->body_bytes += length;
            counts_->json_bytes += text.size();
            in.erase(0, end + 4 + length);
            const std::string reply = "{\"accepted\":" + std::to_string(events) + ",\"rejected\":0,\"errors\":[]}";
            if (!answer(connection, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: " +
                                        std::to_string(reply.size()) + "\r\n\r\n" + reply))
                return;
        }
    }

    static bool answer(int connection, std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = write(connection, text.data(), text.size());
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    static std::string lower(std::string text) {
        for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return text;
    }
    static std::string header(const std::string& head, const std::string& name) {
        const std::size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const std::size_t start = at + name.size() + 4;
        return head.substr(start, head.find("\r\n", start) - start);
    }
    static std::uint64_t count(std::string_view text, std::string_view wanted) {
        std::uint64_t found = 0;
        for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1)) ++found;
        return found;
    }
    /// Empty when it is not whole, or does not fit.
    static std::string_view unpack(std::string_view packed, std::vector<char>& room) {
        z_stream stream{};
        constexpr int kGzip = 15 + 16;
        if (inflateInit2(&stream, kGzip) != Z_OK) return {};
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream.avail_in = static_cast<uInt>(packed.size());
        stream.next_out = reinterpret_cast<Bytef*>(room.data());
        stream.avail_out = static_cast<uInt>(room.size());
        const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END;
        const std::size_t size = stream.total_out;
        inflateEnd(&stream);
        return {room.data(), whole ? size : 0};
    }

    Counts* counts_ = nullptr;
    pid_t child_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace bench
