// JSON on the hot path: simdjson with this protocol's rules. For ingest's own sources; no header of ours shows it.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
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

/// An object's members in the order of the text; of a repeated name only the last. A search for a name costs a few
/// instructions in an object of usual size, whether the name is there or not.
class Members {
public:
    Members() = default;
    explicit Members(simdjson::dom::object object);

    /// Null when absent, and when the member is null: the protocol makes no difference.
    const Value* find(std::string_view name) const;

    std::size_t size() const { return members_.size(); }
    const Member& operator[](std::size_t index) const { return members_[index]; }
    auto begin() const { return members_.begin(); }
    auto end() const { return members_.end(); }

private:
    static constexpr std::size_t kTagged = 48;

    void drop_repeated();

    std::vector<Member> members_;
    std::array<std::uint8_t, kTagged> tags_;  // of the first members' names: unlike tags, unlike names
};

/// What names are told apart by at first: alike names have alike tags.
constexpr std::uint8_t tag_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
    const std::size_t last = name.size() - 1;
    return static_cast<std::uint8_t>(name.size() * 37 + at(last) * 5 + at(last / 2) * 11 + at(last - last / 4) * 3);
}

/// The names that a protocol knows, each with its place in the list. For constants: built by the compiler.
template <std::size_t N>
class NameTable {
public:
    static constexpr std::size_t kNone = N;

    template <typename Field>  // has a `name`
    constexpr explicit NameTable(const Field (&fields)[N]) {
        static_assert(N < kSlots / 2);
        places_.fill(static_cast<std::uint8_t>(N));
        for (std::size_t i = 0; i < N; ++i) {
            names_[i] = fields[i].name;
            std::uint8_t slot = tag_of(names_[i]);
            while (places_[slot] != N) ++slot;
            places_[slot] = static_cast<std::uint8_t>(i);
        }
    }

    /// kNone when it is unknown.
    constexpr std::size_t find(std::string_view name) const {
        for (std::uint8_t slot = tag_of(name); places_[slot] != N; ++slot) {
            if (names_[places_[slot]] == name) return places_[slot];
        }
        return kNone;
    }

private:
    static constexpr std::size_t kSlots = 256;  // as many as there are tags

    std::array<std::string_view, N> names_{};
    std::array<std::uint8_t, kSlots> places_{};
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

/// Size of the compact form, or more: what is cheaper to know than the size itself.
std::size_t compact_size_at_most(const Value& value);

/// Builds a JSON object member by member. One at a time on each thread.
class ObjectText {
public:
    ObjectText();
    void add(std::string_view name, const Value& value);
    std::string take();  ///< once

private:
    std::string& text_;  // the thread's, so that growing costs an allocation once and not with each object
};

}  // namespace collector::ingest
