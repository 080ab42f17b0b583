#include "src/json_reader.hpp"

#include <charconv>

namespace pulsekit::json {
namespace {

constexpr int kMaxDepth = 64;

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xc0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xe0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (code & 0x3f));
    }
}

bool is_number_char(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

}  // namespace

void Reader::skip_space() {
    const auto start = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
}

bool Reader::fail() {
    failed_ = true;
    rest_ = {};
    return false;
}

bool Reader::take(char wanted) {
    skip_space();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
}

bool Reader::begin_object() {
    if (!take('{')) return fail();
    fresh_ = true;
    return true;
}

bool Reader::begin_array() {
    if (!take('[')) return fail();
    fresh_ = true;
    return true;
}

std::optional<std::string> Reader::next_member() {
    if (failed_) return std::nullopt;
    const bool first = fresh_;
    fresh_ = false;
    if (take('}')) return std::nullopt;
    if (!first && !take(',')) {
        fail();
        return std::nullopt;
    }
    auto name = string();
    if (name && !take(':')) {
        fail();
        return std::nullopt;
    }
    return name;
}

bool Reader::next_element() {
    if (failed_) return false;
    const bool first = fresh_;
    fresh_ = false;
    if (take(']')) return false;
    return first || take(',') || fail();
}

std::optional<std::uint32_t> Reader::read_hex4() {
    std::uint32_t code = 0;
    if (rest_.size() < 4) return std::nullopt;
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
    if (parsed.ptr != rest_.data() + 4) return std::nullopt;
    rest_.remove_prefix(4);
    return code;
}

bool Reader::read_escape(std::string& out) {
    if (rest_.empty()) return fail();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
        case '"':
        case '\\':
        case '/': out += c; return true;
        case 'b': out += '\b'; return true;
        case 'f': out += '\f'; return true;
        case 'n': out += '\n'; return true;
        case 'r': out += '\r'; return true;
        case 't': out += '\t'; return true;
        case 'u': break;
        default: return fail();
    }
    auto code = read_hex4();
    if (!code) return fail();
    if (*code >= 0xd800 && *code < 0xdc00 && rest_.substr(0, 2) == "\\u") {
        rest_.remove_prefix(2);
        const auto low = read_hex4();
        if (!low || *low < 0xdc00 || *low > 0xdfff) return fail();
        code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
    }
    if (*code >= 0xd800 && *code <= 0xdfff) return fail();
    append_utf8(out, *code);
    return true;
}

std::optional<std::string> Reader::string() {
    if (!take('"')) {
        fail();
        return std::nullopt;
    }
    std::string out;
    while (!rest_.empty()) {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '"') return out;
        if (static_cast<unsigned char>(c) < 0x20) break;
        if (c != '\\') {
            out += c;
        } else if (!read_escape(out)) {
            return std::nullopt;
        }
    }
    fail();
    return std::nullopt;
}

std::optional<std::int64_t> Reader::integer() {
    skip_space();
    std::int64_t value = 0;
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (parsed.ec != std::errc() || failed_) {
        fail();
        return std::nullopt;
    }
    rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
    if (!rest_.empty() && is_number_char(rest_.front())) {  // a fraction or exponent
        fail();
        return std::nullopt;
    }
    return value;
}

std::optional<bool> Reader::boolean() {
    skip_space();
    for (const bool value : {true, false}) {
        const std::string_view word = value ? "true" : "false";
        if (rest_.substr(0, word.size()) != word) continue;
        rest_.remove_prefix(word.size());
        return value;
    }
    fail();
    return std::nullopt;
}

bool Reader::skip_value() { return skip(0); }

bool Reader::skip(int depth) {
    skip_space();
    if (failed_ || rest_.empty() || depth > kMaxDepth) return fail();
    switch (rest_.front()) {
        case '"': return string().has_value();
        case '{':
            begin_object();
            while (next_member()) {
                if (!skip(depth + 1)) return false;
            }
            return !failed_;
        case '[':
            begin_array();
            while (next_element()) {
                if (!skip(depth + 1)) return false;
            }
            return !failed_;
        default: break;
    }
    for (const std::string_view word :
         {std::string_view("true"), std::string_view("false"), std::string_view("null")}) {
        if (rest_.substr(0, word.size()) == word) {
            rest_.remove_prefix(word.size());
            return true;
        }
    }
    std::size_t size = 0;
    while (size < rest_.size() && is_number_char(rest_[size])) ++size;
    if (size == 0) return fail();
    rest_.remove_prefix(size);
    return true;
}

bool Reader::at_end() {
    skip_space();
    return !failed_ && rest_.empty();
}

}  // namespace pulsekit::json
