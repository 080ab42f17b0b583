#include "http/framing.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/headers.hpp"
#include "model/text.hpp"

namespace collector::http {
namespace {

constexpr std::size_t kMaxFramingBytes = 64 * 1024;

bool is_token(char c) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || model::is_letter(c) || kMarks.find(c) != std::string_view::npos;
}

bool all_tokens(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token); }

bool names(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (equal_ignoring_case(trimmed(list.substr(0, comma)), wanted)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

std::optional<std::uint64_t> length_of(std::string_view digits) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return length;
}

/// Reads one head, line by line.
class Reader {
public:
    Framing read(std::string_view head) {
        bool first = true;
        while (framing_.refused == 0) {
            const auto end = head.find("\r\n");
            const auto line = head.substr(0, end);
            head.remove_prefix(end + 2);
            if (line.empty()) break;
            if (std::any_of(line.begin(), line.end(), [](char c) { return is_control(c); })) return refused(400);
            first ? request_line(line) : field(line);
            first = false;
        }
        if (framing_.refused == 0) conclude();
        return framing_;
    }

private:
    static bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

    Framing refused(int status) {
        framing_.refused = status;
        return framing_;
    }

    void request_line(std::string_view line) {
        const auto method_end = line.find(' ');
        const auto target_end = line.rfind(' ');
        if (method_end == std::string_view::npos || target_end <= method_end + 1) return (void)refused(400);
        const auto method = line.substr(0, method_end);
        const auto target = line.substr(method_end + 1, target_end - method_end - 1);
        const auto version = line.substr(target_end + 1);
        if (!all_tokens(method) || target.find_first_of(" \t") != std::string_view::npos) return (void)refused(400);
        if (version != "HTTP/1.1" && version != "HTTP/1.0") {
            return (void)refused(version.substr(0, 5) == "HTTP/" && version.size() == 8 ? 505 : 400);
        }
        framing_.is_head = method == "HEAD";
        framing_.is_1_0 = version == "HTTP/1.0";
    }

    void field(std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !all_tokens(line.substr(0, colon))) return (void)refused(400);
        const auto name = line.substr(0, colon);
        const auto value = trimmed(line.substr(colon + 1));
        if (equal_ignoring_case(name, "Content-Length")) {
            const auto length = length_of(value);
            if (!length || (has_length_ && *length != framing_.content_length)) return (void)refused(400);
            has_length_ = true;
            framing_.content_length = *length;
        } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
            if (framing_.chunked || !equal_ignoring_case(value, "chunked")) return (void)refused(400);
            framing_.chunked = true;
        } else if (equal_ignoring_case(name, "Host")) {
            ++hosts_;
        } else if (equal_ignoring_case(name, "Expect")) {
            framing_.expects_continue = equal_ignoring_case(value, "100-continue");
        } else if (equal_ignoring_case(name, "Connection")) {
            close_ = close_ || names(value, "close");
            keep_alive_ = keep_alive_ || names(value, "keep-alive");
        }
    }

    void conclude() {
        const bool two_lengths = framing_.chunked && has_length_;
        const bool hostless = hosts_ > 1 || (hosts_ == 0 && !framing_.is_1_0);
        if (two_lengths || hostless || (framing_.chunked && framing_.is_1_0)) framing_.refused = 400;
        framing_.keep_alive = !close_ && (!framing_.is_1_0 || keep_alive_);
        if (framing_.is_1_0) framing_.expects_continue = false;
    }

    Framing framing_;
    bool has_length_ = false;
    bool close_ = false;
    bool keep_alive_ = false;
    int hosts_ = 0;
};

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = model::lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

Framing framing_of(std::string_view head) { return Reader().read(head); }

bool ChunkedBody::take_size(char c) {
    if (const int digit = hex_digit(c); digit >= 0) {
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return ++digits_ <= 8;
    }
    if (digits_ == 0) return false;
    if (c == '\r') {
        at_ = At::size_end;
    } else if (c == ';' || c == ' ' || c == '\t') {
        at_ = At::extension;
    } else {
        return false;
    }
    return true;
}

bool ChunkedBody::take_trailer(char c) {
    if (c == '\r') {
        at_ = At::trailer_lf;
    } else {
        ++line_bytes_;
        return c != '\n';
    }
    return true;
}

ChunkedBody::State ChunkedBody::take(std::string_view bytes, std::string& body, std::size_t max_bytes,
                                     std::size_t& consumed) {
    consumed = 0;
    while (consumed < bytes.size() && at_ != At::done) {
        if (at_ == At::data) {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - consumed));
            body.append(bytes.substr(consumed, size));
            consumed += size;
            left_ -= size;
            if (left_ == 0) at_ = At::data_end;
            continue;
        }
        const char c = bytes[consumed++];
        if (++framing_bytes_ > kMaxFramingBytes + body.size()) return State::bad;
        bool good = true;
        switch (at_) {
            case At::size: good = take_size(c); break;
            case At::extension:
                if (c == '\r') at_ = At::size_end;
                good = c != '\n';
                break;
            case At::size_end:
                good = c == '\n';
                if (left_ > max_bytes - std::min(max_bytes, body.size())) {
                    too_large_ = true;
                    return State::bad;
                }
                at_ = left_ == 0 ? At::trailer : At::data;
                line_bytes_ = 0;
                break;
            case At::data_end:
                good = c == '\r';
                at_ = At::data_end_lf;
                break;
            case At::data_end_lf:
                good = c == '\n';
                at_ = At::size;
                digits_ = 0;
                break;
            case At::trailer: good = take_trailer(c); break;
            case At::trailer_lf:
                good = c == '\n';
                at_ = line_bytes_ == 0 ? At::done : At::trailer;
                line_bytes_ = 0;
                break;
            case At::data:
            case At::done: break;
        }
        if (!good) return State::bad;
    }
    return at_ == At::done ? State::done : State::more;
}

}  // namespace collector::http
