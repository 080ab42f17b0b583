// A strict reader of JSON whose kinds of value are not known beforehand (RFC 8259). Text is unescaped, not checked for
// being UTF-8: the SDK sees to that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace pulsekit::send {

/// Walks one JSON text. The first thing that goes wrong stays: every later call fails, and problem() says what it was.
class JsonReader {
public:
    enum class Kind { object, array, text, number, boolean, null, other };
    using Number = std::variant<std::int64_t, double>;

    explicit JsonReader(std::string_view text) : text_(text) {}

    /// What the next value is, by its first byte; nothing is read.
    Kind peek();

    /// `{` was read; then call next_member until it says nothing, and read or skip the value each time.
    bool begin_object() { return begin('{'); }
    /// The next member's name; nothing after `}`.
    std::optional<std::string> next_member();
    bool begin_array() { return begin('['); }
    /// Whether another element follows; false after `]`.
    bool next_element();

    std::optional<std::string> text();
    std::optional<Number> number();
    std::optional<bool> boolean();
    bool null();
    bool skip_value(int depth = 0);

    /// Nothing but white space is left, and nothing failed.
    bool at_end();
    /// Refuses the text for a reason of the caller's.
    bool fail(const std::string& why);
    bool failed() const { return !problem_.empty(); }
    const std::string& problem() const { return problem_; }

private:
    bool begin(char bracket);
    bool next(char end);
    void skip_space();
    bool take(char wanted);
    bool take(std::string_view word);
    bool malformed();
    std::size_t take_digits();
    bool take_escape(std::string& out);
    std::optional<std::uint32_t> take_hex4();

    std::string_view text_;
    std::size_t at_ = 0;
    bool fresh_ = false;  // just after { or [
    std::string problem_;
};

}  // namespace pulsekit::send
