#include "ingest/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

namespace collector::ingest {
namespace {

constexpr int kMaxDepth = 64;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Calls `outside(i)` for the position of each character that is in no string.
template <typename F>
void scan_outside_strings(std::string_view text, F outside) {
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (in_string) {
            if (text[i] == '\\') {
                ++i;
            } else if (text[i] == '"') {
                in_string = false;
            }
        } else if (text[i] == '"') {
            in_string = true;
        } else {
            outside(i);
        }
    }
}

bool too_deep(std::string_view text) {
    int depth = 0;
    int deepest = 0;
    scan_outside_strings(text, [&](std::size_t i) {
        if (text[i] == '{' || text[i] == '[') deepest = std::max(deepest, ++depth);
        if (text[i] == '}' || text[i] == ']') --depth;
    });
    return deepest > kMaxDepth;
}

bool fits_64_bits(std::string_view digits, bool negative) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    constexpr std::uint64_t kLowest = std::uint64_t{1} << 63;
    return error == std::errc() && (!negative || value <= kLowest);
}

/// simdjson refuses integers past 64 bits, but JavaScript prints 1e20 as one. With an exponent they are read as floats.
std::string with_long_integers_as_floats(std::string_view text) {
    std::string out;
    std::size_t copied = 0;
    std::size_t token_end = 0;
    scan_outside_strings(text, [&](std::size_t i) {
        if (i < token_end || !is_digit(text[i])) return;
        token_end = std::min(text.find_first_not_of("0123456789.eE+-", i), text.size());
        const auto token = text.substr(i, token_end - i);
        const bool negative = i > 0 && text[i - 1] == '-';
        if (token.find_first_not_of("0123456789") != std::string_view::npos || fits_64_bits(token, negative)) return;
        out.append(text.substr(copied, token_end - copied)).append("e0");
        copied = token_end;
    });
    return out.append(text.substr(copied));
}

/// Whether any of eight characters must be escaped: below 0x20, a quote or a backslash.
bool any_to_escape(std::uint64_t eight) {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    constexpr std::uint64_t kHighs = kOnes * 0x80;
    const auto any_below = [](std::uint64_t word, std::uint64_t limit) {
        return (word - kOnes * limit) & ~word & kHighs;  // exact as to whether there is one, for limits up to 0x80
    };
    return (any_below(eight, 0x20) | any_below(eight ^ kOnes * '"', 1) | any_below(eight ^ kOnes * '\\', 1)) != 0;
}

/// How many of the first characters need no escape; most texts need none at all.
std::size_t plain_size(std::string_view text) {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data() + i, sizeof eight);
        if (any_to_escape(eight)) break;
    }
    for (; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == '"' || c == '\\') break;
    }
    return i;
}

void append_string(std::string& out, std::string_view text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += '"';
    for (;;) {
        const std::size_t plain = plain_size(text);
        out.append(text.substr(0, plain));
        if (plain == text.size()) break;
        const auto c = static_cast<unsigned char>(text[plain]);
        text.remove_prefix(plain + 1);
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\b': out += "\\b"; break;
            case '\f': out += "\\f"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: (out += "\\u00") += {kDigits[c >> 4], kDigits[c & 15]};
        }
    }
    out += '"';
}

template <typename Number>
void append_number(std::string& out, Number number) {
    char text[32];
    const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
    out.append(text, end);
}

}  // namespace

simdjson::error_code JsonParser::parse_to_depth(const std::string& text, std::size_t max_depth, Value& value) {
    if (parser_.max_depth() != max_depth || parser_.capacity() < text.size()) {
        if (const auto error = parser_.allocate(text.size(), max_depth)) return error;
    }
    return parser_.parse(text.data(), text.size(), /*realloc_if_needed=*/false).get(value);
}

std::optional<Value> JsonParser::parse(std::string& text) {
    if (text.empty()) return std::nullopt;
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    Value value;
    // The library counts no empty array or object: at depth 64 it may refuse what is 64 deep, but accepts nothing
    // deeper.
    std::size_t max_depth = kMaxDepth;
    auto error = parse_to_depth(text, max_depth, value);
    if (error == simdjson::DEPTH_ERROR) {
        if (too_deep(text)) return std::nullopt;
        max_depth = kMaxDepth + 1;
        error = parse_to_depth(text, max_depth, value);
    }
    if (error == simdjson::NUMBER_ERROR) {
        text = with_long_integers_as_floats(text);
        text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
        error = parse_to_depth(text, max_depth, value);
        // The first parse may have stopped at the number, before it came to the depth.
        if (error == simdjson::DEPTH_ERROR && !too_deep(text)) error = parse_to_depth(text, kMaxDepth + 1, value);
    }
    if (error) return std::nullopt;
    return value;
}

Members::Members(simdjson::dom::object object) {
    members_.reserve(object.size());
    std::array<std::uint64_t, 4> seen{};
    bool repeated = object.size() > kTagged;
    for (const auto field : object) {
        const std::size_t index = members_.size();
        members_.push_back({field.key, field.value});
        if (index >= kTagged) continue;
        const std::uint8_t tag = tags_[index] = tag_of(field.key);
        auto& word = seen[tag / 64];
        const std::uint64_t bit = std::uint64_t{1} << tag % 64;
        if ((word & bit) != 0 && !repeated) {
            for (std::size_t i = 0; i < index; ++i) repeated |= members_[i].name == field.key;
        }
        word |= bit;
    }
    if (repeated) drop_repeated();
}

void Members::drop_repeated() {
    // Sorted, so that a hostile object of many members costs n log n.
    std::vector<std::size_t> order(members_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
        const int names = members_[a].name.compare(members_[b].name);
        return names != 0 ? names < 0 : a < b;
    });
    std::vector<bool> superseded(members_.size());
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (members_[order[i - 1]].name == members_[order[i]].name) superseded[order[i - 1]] = true;
    }
    std::size_t index = 0;
    std::erase_if(members_, [&](const Member&) { return superseded[index++]; });
    for (std::size_t i = 0; i < std::min(kTagged, members_.size()); ++i) tags_[i] = tag_of(members_[i].name);
}

const Value* Members::find(std::string_view name) const {
    const auto tag = tag_of(name);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (i < kTagged && tags_[i] != tag) continue;
        if (members_[i].name == name) return members_[i].value.is_null() ? nullptr : &members_[i].value;
    }
    return nullptr;
}

Names::Names(std::vector<std::string_view> names) : sorted_(std::move(names)) {
    std::sort(sorted_.begin(), sorted_.end());
}

bool Names::contain(std::string_view name) const { return std::binary_search(sorted_.begin(), sorted_.end(), name); }

std::optional<std::string_view> text_of(const Value& value) {
    std::string_view text;
    if (value.get_string().get(text)) return std::nullopt;
    return text;
}

std::optional<double> number_of(const Value& value) {
    double number = 0;
    if (value.get_double().get(number)) return std::nullopt;
    return number;
}

std::optional<std::int64_t> integer_of(const Value& value) {
    std::int64_t integer = 0;
    if (!value.get_int64().get(integer)) return integer;
    const auto number = number_of(value);
    if (!number || std::abs(*number) > kExactIntegers || *number != std::floor(*number)) return std::nullopt;
    return static_cast<std::int64_t>(*number);
}

std::optional<Members> object_of(const Value& value) {
    simdjson::dom::object object;
    if (value.get_object().get(object)) return std::nullopt;
    return Members(object);
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

// Recursive: the parser has bounded the depth.
void append(std::string& out, const Value& value) {
    using Type = simdjson::dom::element_type;
    switch (value.type()) {
        case Type::NULL_VALUE: out += "null"; break;
        case Type::BOOL: out += value.get_bool().value_unsafe() ? "true" : "false"; break;
        case Type::STRING: append_string(out, value.get_string().value_unsafe()); break;
        case Type::INT64: append_number(out, value.get_int64().value_unsafe()); break;
        case Type::UINT64: append_number(out, value.get_uint64().value_unsafe()); break;
        case Type::DOUBLE: append_number(out, value.get_double().value_unsafe()); break;
        case Type::ARRAY: {
            const simdjson::dom::array items = value.get_array().value_unsafe();
            char separator = '[';
            for (const auto item : items) {
                out += std::exchange(separator, ',');
                append(out, item);
            }
            out += separator == '[' ? "[]" : "]";
            break;
        }
        case Type::OBJECT: {
            char separator = '{';
            for (const auto& member : Members(value.get_object().value_unsafe())) {
                out += std::exchange(separator, ',');
                append_string(out, member.name);
                out += ':';
                append(out, member.value);
            }
            out += separator == '{' ? "{}" : "}";
            break;
        }
    }
}

// Recursive: the parser has bounded the depth. A character takes six at most, and nothing that is no text takes more
// than a number.
std::size_t compact_size_at_most(const Value& value) {
    using Type = simdjson::dom::element_type;
    constexpr std::size_t kNumber = 32;
    std::size_t size = 2;
    switch (value.type()) {
        case Type::STRING: return size + 6 * value.get_string().value_unsafe().size();
        case Type::ARRAY: {
            const simdjson::dom::array items = value.get_array().value_unsafe();
            for (const auto item : items) size += 1 + compact_size_at_most(item);
            return size;
        }
        case Type::OBJECT: {
            const simdjson::dom::object members = value.get_object().value_unsafe();
            for (const auto member : members) size += 4 + 6 * member.key.size() + compact_size_at_most(member.value);
            return size;
        }
        default: return kNumber;
    }
}

ObjectText::ObjectText()
    : text_([]() -> std::string& {
          static thread_local std::string text;
          text = '{';
          return text;
      }()) {}

void ObjectText::add(std::string_view name, const Value& value) {
    if (text_.size() > 1) text_ += ',';
    append_string(text_, name);
    text_ += ':';
    append(text_, value);
}

std::string ObjectText::take() {
    constexpr std::size_t kKept = 64 * 1024;
    text_ += '}';
    if (text_.capacity() > kKept) return std::exchange(text_, std::string());  // what one huge object took is not kept
    return text_;
}

}  // namespace collector::ingest
