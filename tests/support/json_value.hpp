// A JSON text as a tree, for tests that look into one. Reads the strict grammar and nothing else.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pulsekit::test {

struct JsonValue {
    enum class Type { null, boolean, number, text, array, object } type = Type::null;
    bool boolean = false;
    double number = 0;
    std::string text;  ///< of a number too, as it is written
    std::vector<JsonValue> elements;
    std::map<std::string, JsonValue> members;  ///< of repeated ones the last

    bool is(Type wanted) const { return type == wanted; }
    bool has(const std::string& name) const { return members.count(name) != 0; }
    const JsonValue& operator[](const std::string& name) const {
        static const JsonValue kNone;
        const auto found = members.find(name);
        return found == members.end() ? kNone : found->second;
    }
    bool is_integer() const { return is(Type::number) && text.find_first_of(".eE") == std::string::npos; }

    static std::optional<JsonValue> parse(std::string_view text);
};

class JsonParser {
public:
    explicit JsonParser(std::string_view text) : rest_(text) {}
    bool value(JsonValue& out, int depth = 0) {
        space();
        if (rest_.empty() || depth > 64) return false;
        switch (rest_.front()) {
            case '{': return object(out, depth);
            case '[': return array(out, depth);
            case '"': out.type = JsonValue::Type::text; return string(out.text);
            case 't': out.boolean = true; [[fallthrough]];
            case 'f': out.type = JsonValue::Type::boolean; return word(out.boolean ? "true" : "false");
            case 'n': return word("null");
            default: return number(out);
        }
    }
    bool at_end() {
        space();
        return rest_.empty();
    }

private:
    void space() {
        while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
            rest_.remove_prefix(1);
        }
    }
    bool take(char c) {
        space();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool word(std::string_view word) {
        if (rest_.substr(0, word.size()) != word) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    std::size_t digits(std::size_t at) const {
        while (at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9') ++at;
        return at;
    }
    bool number(JsonValue& out) {
        const std::size_t first = rest_[0] == '-' ? 1 : 0;
        std::size_t end = digits(first);
        if (end == first || (rest_[first] == '0' && end != first + 1)) return false;
        if (end < rest_.size() && rest_[end] == '.') {
            const std::size_t after = digits(end + 1);
            if (after == end + 1) return false;
            end = after;
        }
        if (end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
            std::size_t at = end + 1;
            if (at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-')) ++at;
            const std::size_t after = digits(at);
            if (after == at) return false;
            end = after;
        }
        out.type = JsonValue::Type::number;
        out.text = std::string(rest_.substr(0, end));
        out.number = std::strtod(out.text.c_str(), nullptr);
        rest_.remove_prefix(end);
        return true;
    }
    /// Escapes of the Basic Multilingual Plane below U+0080 are what our side writes; others stay as they are.
    bool string(std::string& out) {
        rest_.remove_prefix(1);
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return true;
            if (static_cast<unsigned char>(c) < 0x20) return false;
            if (c != '\\') {
                out += c;
                continue;
            }
            if (rest_.empty()) return false;
            const char escape = rest_.front();
            rest_.remove_prefix(1);
            const auto plain = std::string_view("\"\\/bfnrt").find(escape);
            if (plain != std::string_view::npos) {
                out += "\"\\/\b\f\n\r\t"[plain];
            } else if (escape == 'u' && rest_.size() >= 4) {
                const long code = std::strtol(std::string(rest_.substr(0, 4)).c_str(), nullptr, 16);
                if (code < 0x80) {
                    out += static_cast<char>(code);
                } else {
                    out += "\\u" + std::string(rest_.substr(0, 4));
                }
                rest_.remove_prefix(4);
            } else {
                return false;
            }
        }
        return false;
    }
    bool array(JsonValue& out, int depth) {
        out.type = JsonValue::Type::array;
        take('[');
        if (take(']')) return true;
        do {
            if (!value(out.elements.emplace_back(), depth + 1)) return false;
        } while (take(','));
        return take(']');
    }
    bool object(JsonValue& out, int depth) {
        out.type = JsonValue::Type::object;
        take('{');
        if (take('}')) return true;
        do {
            std::string name;
            space();
            if (rest_.empty() || rest_.front() != '"' || !string(name) || !take(':')) return false;
            JsonValue member;
            if (!value(member, depth + 1)) return false;
            out.members[name] = std::move(member);
        } while (take(','));
        return take('}');
    }
    std::string_view rest_;
};

inline std::optional<JsonValue> JsonValue::parse(std::string_view text) {
    JsonParser parser(text);
    JsonValue value;
    if (!parser.value(value) || !parser.at_end()) return std::nullopt;
    return value;
}

}  // namespace pulsekit::test
