#include "http/head.hpp"

#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace collector::http {
namespace {

/// What the library reads: the head and nothing after it. What it writes is only looked at for a status.
class HeadStream final : public httplib::Stream {
public:
    explicit HeadStream(std::string_view head) : rest_(head) {}

    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    ssize_t read(char* to, std::size_t size) override {
        const auto taken = std::min(size, rest_.size());
        std::memcpy(to, rest_.data(), taken);
        rest_.remove_prefix(taken);
        return static_cast<ssize_t>(taken);
    }
    ssize_t write(const char* bytes, std::size_t size) override {
        if (written_.size() < kStatusLine) written_.append(bytes, std::min(size, kStatusLine));
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return -1; }

    /// Of what the library answered by itself.
    int status() const {
        return written_.size() >= kStatusLine ? std::atoi(written_.c_str() + std::strlen("HTTP/1.1 ")) : 400;
    }

private:
    static constexpr std::size_t kStatusLine = 12;
    std::string_view rest_;
    std::string written_;
};

void take(httplib::Request& from, Request& to) {
    to.method = std::move(from.method);
    to.path = std::move(from.path);
    for (auto& [name, value] : from.headers) {
        if (name != "REMOTE_ADDR" && name != "REMOTE_PORT" && name != "LOCAL_ADDR" && name != "LOCAL_PORT") {
            to.headers.emplace(name, std::move(value));
        }
    }
    for (auto& [name, value] : from.params) to.query.emplace_back(name, std::move(value));
}

/// `GET http://host/path` asks for `/path` (RFC 9112, 3.2.2).
std::string in_origin_form(std::string_view head) {
    const auto target = head.find(' ') + 1;
    const auto authority = head.find("://", target);
    const auto end = std::min(head.find(' ', target), head.size());
    if (authority >= end || head.substr(target, authority - target).find_first_of("/?#") != std::string_view::npos) {
        return {};
    }
    const auto path = std::min(head.find_first_of("/? ", authority + 3), end);
    const char* slash = head[path] == '/' ? "" : "/";
    return std::string(head.substr(0, target)) + slash + std::string(head.substr(path));
}

}  // namespace

// The library takes a request apart before it asks its first hook, which keeps it and says that all is done: it comes
// to no body, no route and no answer of its own.
struct HeadReader::Library final : httplib::Server {
    Library() {
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
            // The object is the library's own non-const request.
            take(const_cast<httplib::Request&>(request), *into);
            taken = true;
            return HandlerResponse::Handled;
        });
    }

    int read(std::string_view head, Request& request) {
        into = &request;
        taken = false;
        HeadStream stream(head);
        bool closed = false;
        process_request(stream, false, closed, nullptr);
        return taken ? 0 : stream.status();
    }

    Request* into = nullptr;
    bool taken = false;
};

HeadReader::HeadReader() : library_(std::make_unique<Library>()) {}
HeadReader::~HeadReader() = default;

int HeadReader::read(std::string_view head, Request& request) {
    const std::string rewritten = in_origin_form(head);
    return library_->read(rewritten.empty() ? head : rewritten, request);
}

}  // namespace collector::http
