#include "src/json_writer.hpp"

#include <charconv>
#include <cmath>

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

void append_escape(std::string& out, unsigned char c) {
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    static constexpr char kDigits[] = "0123456789abcdef";
    out += "\\u00";
    out += kDigits[c >> 4];
    out += kDigits[c & 15];
}

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out += '"';
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
            out += kReplacement;
        }
        plain = ++i;
    }
    out.append(text.substr(plain));
    out += '"';
}

void append_integer(std::string& out, std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

namespace {

void append_object(std::string& out, const Value& object, int depth);
void append_array(std::string& out, const Value& array, int depth);

void append_nested(std::string& out, const Value& value, int depth) {
    // Deeper than the application can nest: only damaged bytes say so.
    if (depth > kMaxDepth) {
        out += "null";
        return;
    }
    if (value.type() == Value::Type::object) return append_object(out, value, depth + 1);
    if (value.type() == Value::Type::array) return append_array(out, value, depth + 1);
    append_value(out, value);
}

void append_object(std::string& out, const Value& object, int depth) {
    out += '{';
    PropertyReader members(object.text(), ValueAccess::count(object));
    for (bool first = true; const auto member = members.next(); first = false) {
        if (!first) out += ',';
        append_string(out, member->name);
        out += ':';
        append_nested(out, member->value, depth);
    }
    out += '}';
}

void append_array(std::string& out, const Value& array, int depth) {
    out += '[';
    ElementReader elements(array);
    for (bool first = true; const auto element = elements.next(); first = false) {
        if (!first) out += ',';
        append_nested(out, *element, depth);
    }
    out += ']';
}

}  // namespace

void append_value(std::string& out, const Value& value) {
    switch (value.type()) {
        case Value::Type::object:
        case Value::Type::array: append_nested(out, value, 1); return;
        case Value::Type::time: {
            char time[24];
            write_date_time_ms(value.integer(), time);
            append_string(out, std::string_view(time, sizeof time));
            return;
        }
        case Value::Type::null: out += "null"; return;
        case Value::Type::boolean: out += value.boolean() ? "true" : "false"; return;
        case Value::Type::integer: append_integer(out, value.integer()); return;
        case Value::Type::text: append_string(out, value.text()); return;
        case Value::Type::real: break;
    }
    if (!std::isfinite(value.real())) {
        out += "null";
        return;
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value.real()).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace pulsekit::json
