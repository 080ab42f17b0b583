// JSON on the hot path: simdjson with this protocol's rules. For ingest's own sources; no header of ours shows it.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace collector::ingest {

using Value = simdjson::dom::element;

/// Reuse saves its buffers. One thread at a time.
class JsonParser {
public:
    /// Nothing unless `text` is one whole JSON value in valid UTF-8, nested at most 64 deep, without lone surrogates,
    /// and with every number within a double's range. The value lives until the next parse. May grow the text's
    /// capacity, and rewrite a number that exceeds 64 bits.
    std::optional<Value> parse(std::string& text);

    /// Bytes of text that fit without another allocation.
    std::size_t capacity() const { return parser_.capacity(); }

private:
    simdjson::error_code parse_to_depth(const std::string& text, std::size_t max_depth, Value& value);

    simdjson::dom::parser parser_;
};

struct Member {
    std::string_view name;
    Value value;
};

/// An object's members in the order of the text; of a repeated name only the last.
class Members {
public:
    Members() = default;
    explicit Members(simdjson::dom::object object);

    /// Null when absent, and when the member is null: the protocol makes no difference.
    const Value* find(std::string_view name) const;

    auto begin() const { return members_.begin(); }
    auto end() const { return members_.end(); }

private:
    std::vector<Member> members_;
};

/// A set of names; a hostile object of many members must cost n log n, not n².
class Names {
public:
    explicit Names(std::vector<std::string_view> names);
    bool contain(std::string_view name) const;

private:
    std::vector<std::string_view> sorted_;
};

std::optional<std::string_view> text_of(const Value& value);
std::optional<double> number_of(const Value& value);
/// Also of an integral float such as 1.7e12, within the integers that a double holds exactly.
std::optional<std::int64_t> integer_of(const Value& value);
std::optional<Members> object_of(const Value& value);

bool is_utf8(std::string_view text);

/// Appends the value's compact form.
void append(std::string& out, const Value& value);

/// Builds a JSON object member by member.
class ObjectText {
public:
    void add(std::string_view name, const Value& value);
    std::string take() { return std::move(text_) + "}"; }

private:
    std::string text_ = "{";
};

}  // namespace collector::ingest
