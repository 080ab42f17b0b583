#include "send/json.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace pulsekit::send {
namespace {

constexpr int kMaxSkipDepth = 64;

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

}  // namespace

JsonReader::Kind JsonReader::peek() {
    skip_space();
    if (failed() || at_ == text_.size()) return Kind::other;
    switch (text_[at_]) {
        case '{': return Kind::object;
        case '[': return Kind::array;
        case '"': return Kind::text;
        case 't':
        case 'f': return Kind::boolean;
        case 'n': return Kind::null;
        case '-': return Kind::number;
        default: return text_[at_] >= '0' && text_[at_] <= '9' ? Kind::number : Kind::other;
    }
}

bool JsonReader::begin(char bracket) {
    if (!take(bracket)) return malformed();
    fresh_ = true;
    return true;
}

bool JsonReader::next(char end) {
    if (failed()) return false;
    const bool first = fresh_;
    fresh_ = false;
    if (take(end)) return false;
    return first || take(',') || malformed();
}

std::optional<std::string> JsonReader::next_member() {
    if (!next('}')) return std::nullopt;
    auto name = text();
    if (name && !take(':')) {
        malformed();
        return std::nullopt;
    }
    return name;
}

bool JsonReader::next_element() { return next(']'); }

std::optional<std::string> JsonReader::text() {
    if (!take('"')) {
        malformed();
        return std::nullopt;
    }
    std::string out;
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (static_cast<unsigned char>(c) < 0x20) break;
        ++at_;
        if (c == '"') return out;
        if (c != '\\') {
            out += c;
        } else if (!take_escape(out)) {
            return std::nullopt;
        }
    }
    malformed();
    return std::nullopt;
}

bool JsonReader::take_escape(std::string& out) {
    if (at_ == text_.size()) return malformed();
    const char c = text_[at_++];
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
        default: return malformed();
    }
    auto code = take_hex4();
    if (code && *code >= 0xd800 && *code < 0xdc00) {
        if (text_.substr(at_, 2) != "\\u") return malformed();
        at_ += 2;
        const auto low = take_hex4();
        if (!low || *low < 0xdc00 || *low > 0xdfff) return malformed();
        code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
    }
    if (!code || (*code >= 0xd800 && *code <= 0xdfff)) return malformed();
    append_utf8(out, *code);
    return true;
}

std::optional<std::uint32_t> JsonReader::take_hex4() {
    if (text_.size() - at_ < 4) return std::nullopt;
    std::uint32_t code = 0;
    const char* start = text_.data() + at_;
    if (std::from_chars(start, start + 4, code, 16).ptr != start + 4) return std::nullopt;
    at_ += 4;
    return code;
}

std::size_t JsonReader::take_digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - start;
}

std::optional<JsonReader::Number> JsonReader::number() {
    skip_space();
    const std::size_t start = at_;
    const auto here = [&](char c) { return !failed() && at_ < text_.size() && text_[at_] == c; };
    if (here('-')) ++at_;
    bool is_integer = true;
    bool well_formed = true;
    if (here('0')) {
        ++at_;
    } else {
        well_formed = take_digits() > 0;
    }
    if (here('.')) {
        ++at_;
        is_integer = false;
        well_formed = take_digits() > 0 && well_formed;
    }
    if (here('e') || here('E')) {
        ++at_;
        is_integer = false;
        if (here('+') || here('-')) ++at_;
        well_formed = take_digits() > 0 && well_formed;
    }
    if (!well_formed) {
        malformed();
        return std::nullopt;
    }
    const std::string digits(text_.substr(start, at_ - start));
    std::int64_t integer = 0;
    if (is_integer && std::from_chars(digits.data(), digits.data() + digits.size(), integer).ec == std::errc()) {
        return Number(integer);
    }
    const double real = std::strtod(digits.c_str(), nullptr);  // the program never leaves the locale "C"
    if (!std::isfinite(real)) {
        fail("the number " + digits.substr(0, 20) + " is too large");
        return std::nullopt;
    }
    return Number(real);
}

std::optional<bool> JsonReader::boolean() {
    if (take("true")) return true;
    if (take("false")) return false;
    malformed();
    return std::nullopt;
}

bool JsonReader::null() { return take("null") || malformed(); }

bool JsonReader::skip_value(int depth) {
    if (depth > kMaxSkipDepth) return fail("it is nested too deeply");
    switch (peek()) {
        case Kind::object:
            begin_object();
            while (next_member()) {
                if (!skip_value(depth + 1)) return false;
            }
            return !failed();
        case Kind::array:
            begin_array();
            while (next_element()) {
                if (!skip_value(depth + 1)) return false;
            }
            return !failed();
        case Kind::text: return text().has_value();
        case Kind::number: return number().has_value();
        case Kind::boolean: return boolean().has_value();
        case Kind::null: return null();
        case Kind::other: break;
    }
    return malformed();
}

bool JsonReader::at_end() {
    skip_space();
    return !failed() && at_ == text_.size();
}

bool JsonReader::fail(const std::string& why) {
    if (!failed()) problem_ = why;
    return false;
}

bool JsonReader::malformed() { return fail("it is not JSON, at byte " + std::to_string(at_ + 1)); }

void JsonReader::skip_space() {
    const auto start = text_.find_first_not_of(" \t\r\n", at_);
    at_ = start == std::string_view::npos ? text_.size() : start;
}

bool JsonReader::take(char wanted) {
    skip_space();
    if (failed() || at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
}

bool JsonReader::take(std::string_view word) {
    skip_space();
    if (failed() || text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
}

}  // namespace pulsekit::send
