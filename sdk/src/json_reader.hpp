// Reads the collector's replies: small, trusted in nothing. A pull parser, so that the SDK needs no JSON library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pulsekit::json {

/// Walks one JSON text. Every method says false or nothing when the text is not what was asked for; after that the
/// reader has failed for good. Depth is bounded.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    /// `{` was read; then call next_member until it says nothing.
    bool begin_object();
    /// The next member's name, or nothing after `}`. Read or skip its value before the next call.
    std::optional<std::string> next_member();
    bool begin_array();
    /// Whether another element follows; false after `]`.
    bool next_element();

    std::optional<std::string> string();
    std::optional<std::int64_t> integer();
    std::optional<bool> boolean();
    bool skip_value();

    /// Nothing but white space is left, and nothing failed.
    bool at_end();
    bool failed() const { return failed_; }

private:
    void skip_space();
    bool take(char wanted);
    bool fail();
    bool read_escape(std::string& out);
    std::optional<std::uint32_t> read_hex4();
    bool skip(int depth);

    std::string_view rest_;
    bool failed_ = false;
    bool fresh_ = false;  // just after { or [
};

}  // namespace pulsekit::json
