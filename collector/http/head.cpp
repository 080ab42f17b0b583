#include "http/head.hpp"

#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace collector::http {
namespace {

constexpr std::size_t kMaxTargetBytes = 8192;  // the library's own

/// What the library reads: a request line and no fields. What it writes is only looked at for a status.
class LineStream final : public httplib::Stream {
public:
    explicit LineStream(std::string_view bytes) : rest_(bytes) {}

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

/// `http://host/path` asks for `/path` (RFC 9112, 3.2.2); false: of such a form it is not.
bool drop_authority(std::string_view& target) {
    const auto authority = target.find("://");
    if (authority >= target.find_first_of("/?#")) return false;
    target.remove_prefix(std::min(target.find_first_of("/?", authority + 3), target.size()));
    return true;
}

void read_fields(std::string_view lines, Headers& headers) {
    headers.reserve(16, lines.size());
    while (!lines.empty()) {
        const auto end = std::min(lines.find("\r\n"), lines.size());
        const auto line = lines.substr(0, end);
        const auto colon = line.find(':');
        if (colon != std::string_view::npos) headers.emplace(line.substr(0, colon), trimmed(line.substr(colon + 1)));
        lines.remove_prefix(std::min(end + 2, lines.size()));
    }
}

}  // namespace

// The library takes a target apart before it asks its first hook, which keeps that and says that all is done: it comes
// to no field, no body, no route and no answer of its own. It would refuse methods that it does not know and decode
// what is no address; so it sees neither.
class HeadReader::Library final : httplib::Server {
public:
    Library() {
        set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
            // The object is the library's own non-const request.
            auto& read = const_cast<httplib::Request&>(request);
            into_->path = std::move(read.path);
            for (auto& [name, value] : read.params) into_->query.emplace_back(name, std::move(value));
            taken_ = true;
            return HandlerResponse::Handled;
        });
    }

    /// `target` begins with a slash.
    int read(std::string_view target, Request& request) {
        write_line(target);
        into_ = &request;
        taken_ = false;
        LineStream stream(line_);
        bool closed = false;
        process_request(stream, false, closed, nullptr);
        return taken_ ? 0 : stream.status();
    }

private:
    /// A question mark in a query is a character like any other (RFC 3986, 3.4), but not to the library.
    void write_line(std::string_view target) {
        const auto query = std::min(target.find('?'), target.size());
        line_.assign("GET ").append(target.substr(0, query));
        for (std::size_t i = query; i < target.size(); ++i) {
            const bool escape = target[i] == '?' && i != query;
            line_.append(escape ? "%3F" : target.substr(i, 1));
        }
        line_.append(" HTTP/1.1\r\n\r\n");
    }

    std::string line_;
    Request* into_ = nullptr;
    bool taken_ = false;
};

HeadReader::HeadReader() : library_(std::make_unique<Library>()) {}
HeadReader::~HeadReader() = default;

int HeadReader::read(std::string_view head, Request& request) {
    const auto line_end = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, line_end);
    const auto method_end = std::min(line.find(' '), line.size());
    const auto target_end = line.rfind(' ');
    if (target_end == std::string_view::npos || target_end <= method_end) return 400;
    auto target = line.substr(method_end + 1, target_end - method_end - 1);
    if (target.size() > kMaxTargetBytes) return 414;
    request.method = line.substr(0, method_end);
    read_fields(head.substr(std::min(line_end + 2, head.size())), request.headers);
    std::string rooted;
    if (drop_authority(target) && (target.empty() || target.front() != '/')) {
        rooted.append("/").append(target);
        target = rooted;
    }
    if (!target.empty() && target.front() == '/') return library_->read(target, request);
    request.path = target;  // `*` of OPTIONS, an authority: nobody's path
    return 0;
}

}  // namespace collector::http
