// JSON as the wires send it: compact, valid UTF-8 whatever the application gave.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <pulsekit/properties.hpp>

namespace pulsekit::json {

/// Text that grows at its end. Room is made for whole members at a time, so that what is written into it needs no
/// further check.
class Buffer {
public:
    explicit Buffer(std::size_t expected = 256) : bytes_(expected, '\0'), at_(&bytes_[0]), end_(at_ + expected) {}
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    /// The end of the text, with room for at least `size` bytes; then say with end_at() how far it was written.
    char* room(std::size_t size) {
        if (static_cast<std::size_t>(end_ - at_) < size) grow(size);
        return at_;
    }
    void end_at(char* end) { at_ = end; }
    void append(std::string_view text) {
        char* to = room(text.size());
        std::memcpy(to, text.data(), text.size());
        at_ = to + text.size();
    }
    void append(char c) {
        *room(1) = c;
        ++at_;
    }
    void drop_last() { --at_; }
    void clear() { at_ = &bytes_[0]; }

    std::size_t size() const { return static_cast<std::size_t>(at_ - bytes_.data()); }
    std::string_view view() const { return std::string_view(bytes_.data(), size()); }
    char last() const { return at_[-1]; }
    char& at(std::size_t position) { return bytes_[position]; }
    std::string take() {
        bytes_.resize(size());
        std::string taken;
        taken.swap(bytes_);
        at_ = end_ = &bytes_[0];
        return taken;
    }

private:
    void grow(std::size_t size);
    std::string bytes_;
    char* at_;
    char* end_;
};

/// Appends `text` in quotes; bytes that are not UTF-8 become U+FFFD, so that one bad text cannot make the collector
/// refuse a whole batch.
void append_string(Buffer& out, std::string_view text);

/// Appends any value. Doubles with the fewest digits that read back the same, infinities and NaN as null.
void append_value(Buffer& out, const Value& value);

void append_integer(Buffer& out, std::int64_t value);

/// Characters that the collector counts in `text` once append_string has written it.
std::size_t code_points(std::string_view text);

}  // namespace pulsekit::json
