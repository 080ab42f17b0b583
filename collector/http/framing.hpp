// Where a request ends: what its head says of its body (RFC 9112, 6). Everything that two machines might read
// differently is refused: that is how requests are smuggled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace collector::http {

struct Framing {
    int refused = 0;  ///< the status of the refusal; 0: the head is sound
    bool chunked = false;
    std::uint64_t content_length = 0;
    bool expects_continue = false;
    bool keep_alive = true;
    bool is_head = false;  ///< HEAD: the answer has no body
    bool is_1_0 = false;
};

/// Of a whole head: request line and fields, its empty line included.
Framing framing_of(std::string_view head);

/// Takes a chunked body apart, byte by byte if need be.
class ChunkedBody {
public:
    enum class State { more, done, bad };

    /// Takes from the front of `bytes` what belongs to the body and appends its content to `body`; `consumed` says how
    /// much. More than `max_bytes` of content, and more framing than content has any use for, are bad.
    State take(std::string_view bytes, std::string& body, std::size_t max_bytes, std::size_t& consumed);
    bool too_large() const { return too_large_; }

private:
    enum class At { size, extension, size_end, data, data_end, data_end_lf, trailer, trailer_lf, done };
    bool take_size(char c);
    bool take_trailer(char c);

    At at_ = At::size;
    std::uint64_t left_ = 0;
    unsigned digits_ = 0;
    std::size_t framing_bytes_ = 0;
    std::size_t line_bytes_ = 0;  // of the trailer's line
    bool too_large_ = false;
};

}  // namespace collector::http
