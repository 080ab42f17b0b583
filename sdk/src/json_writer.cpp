#include "src/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "src/record.hpp"
#include "support/time_text.hpp"

namespace pulsekit::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

/// Bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode 15, table 3-7); 0 when there is none.
std::size_t sequence_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    if (first < 0x80) return 1;
    const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(at(i))) return 0;
    }
    if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f)) return 0;  // overlong; surrogates
    if ((first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f)) return 0;  // overlong; past U+10FFFF
    return length;
}

void append_escape(Buffer& out, unsigned char c) {
    switch (c) {
        case '"': out.append("\\\""); return;
        case '\\': out.append("\\\\"); return;
        case '\n': out.append("\\n"); return;
        case '\r': out.append("\\r"); return;
        case '\t': out.append("\\t"); return;
        default: break;
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    out.append("\\u00");
    out.append(kDigits[c >> 4]);
    out.append(kDigits[c & 15]);
}

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

template <typename Word>
Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// Whether all eight bytes are plain.
bool are_plain(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighBits = kOnes * 0x80;
    const auto zero_bytes = [](std::uint64_t x) { return (x - kOnes) & ~x; };
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    return ((word | control | zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\')) & kHighBits) == 0;
}

/// Copies as many plain bytes as `text` begins with, give or take seven; says how many. There is room for all of it.
std::size_t copy_plain(char* to, std::string_view text) {
    const char* from = text.data();
    const std::size_t size = text.size();
    if (size >= 8) {
        std::size_t done = 0;
        for (; done + 8 <= size; done += 8) {
            const auto word = load<std::uint64_t>(from + done);
            if (!are_plain(word)) return done;
            std::memcpy(to + done, &word, 8);
        }
        const auto last = load<std::uint64_t>(from + size - 8);  // again some of what is copied
        if (!are_plain(last)) return done;
        std::memcpy(to + size - 8, &last, 8);
        return size;
    }
    if (size >= 4) {
        const auto first = load<std::uint32_t>(from);
        const auto last = load<std::uint32_t>(from + size - 4);
        if (!are_plain(first | std::uint64_t{last} << 32)) return 0;
        std::memcpy(to, &first, 4);
        std::memcpy(to + size - 4, &last, 4);
        return size;
    }
    std::size_t done = 0;
    for (; done < size && is_plain(static_cast<unsigned char>(from[done])); ++done) to[done] = from[done];
    return done;
}

void append_careful(Buffer& out, std::string_view text) {
    std::size_t plain = 0;  // start of the bytes that can be copied as they are
    std::size_t i = 0;
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (is_plain(c)) {
            ++i;
            continue;
        }
        const std::size_t length = c < 0x80 ? 0 : sequence_length(text.substr(i));
        if (length > 0) {
            i += length;
            continue;
        }
        out.append(text.substr(plain, i - plain));
        if (c < 0x80) {
            append_escape(out, c);
        } else {
            out.append(kReplacement);
        }
        plain = ++i;
    }
    out.append(text.substr(plain));
}

}  // namespace

void Buffer::grow(std::size_t size) {
    const std::size_t used = this->size();
    bytes_.resize(std::max(used + size, bytes_.size() * 2));
    at_ = &bytes_[0] + used;
    end_ = &bytes_[0] + bytes_.size();
}

void append_string(Buffer& out, std::string_view text) {
    char* at = out.room(text.size() + 2);
    *at++ = '"';
    const std::size_t done = copy_plain(at, text);
    out.end_at(at + done);
    if (done < text.size()) append_careful(out, text.substr(done));
    out.append('"');
}

void append_integer(Buffer& out, std::int64_t value) {
    constexpr std::size_t kLongest = 20;
    char* at = out.room(kLongest);
    out.end_at(std::to_chars(at, at + kLongest, value).ptr);
}

std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(std::max<std::size_t>(1, sequence_length(text)));
    return count;
}

namespace {

void append_object(Buffer& out, const Value& object, int depth);
void append_array(Buffer& out, const Value& array, int depth);

void append_nested(Buffer& out, const Value& value, int depth) {
    // Deeper than the application can nest: only damaged bytes say so.
    if (depth > kMaxDepth) {
        out.append("null");
        return;
    }
    if (value.type() == Value::Type::object) return append_object(out, value, depth + 1);
    if (value.type() == Value::Type::array) return append_array(out, value, depth + 1);
    append_value(out, value);
}

void append_object(Buffer& out, const Value& object, int depth) {
    out.append('{');
    PropertyReader members(object.text(), ValueAccess::count(object));
    for (bool first = true; const auto member = members.next(); first = false) {
        if (!first) out.append(',');
        append_string(out, member->name);
        out.append(':');
        append_nested(out, member->value, depth);
    }
    out.append('}');
}

void append_array(Buffer& out, const Value& array, int depth) {
    out.append('[');
    ElementReader elements(array);
    for (bool first = true; const auto element = elements.next(); first = false) {
        if (!first) out.append(',');
        append_nested(out, *element, depth);
    }
    out.append(']');
}

}  // namespace

void append_value(Buffer& out, const Value& value) {
    switch (value.type()) {
        case Value::Type::object:
        case Value::Type::array: append_nested(out, value, 1); return;
        case Value::Type::time: {
            char* at = out.room(26);
            at[0] = at[25] = '"';
            write_date_time_ms(value.integer(), at + 1);
            out.end_at(at + 26);
            return;
        }
        case Value::Type::null: out.append("null"); return;
        case Value::Type::boolean: out.append(value.boolean() ? "true" : "false"); return;
        case Value::Type::integer: append_integer(out, value.integer()); return;
        case Value::Type::text: append_string(out, value.text()); return;
        case Value::Type::real: break;
    }
    if (!std::isfinite(value.real())) {
        out.append("null");
        return;
    }
    constexpr std::size_t kLongest = 32;
    char* at = out.room(kLongest);
    out.end_at(std::to_chars(at, at + kLongest, value.real()).ptr);
}

}  // namespace pulsekit::json
