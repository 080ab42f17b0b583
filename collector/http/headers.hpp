// The header fields of a message.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace collector::http {

/// In the order of the message; names are found without regard to ASCII case. A message has a dozen: a search is a look
/// at each. All lie in one text, for a request has two dozen names and values, each too long for a string's own place.
class Headers {
public:
    void reserve(std::size_t fields, std::size_t bytes);
    void emplace(std::string_view name, std::string_view value);

    /// The first of that name; valid until the next one is added.
    std::optional<std::string_view> find(std::string_view name) const;
    /// All of that name, joined by commas, which means the same (RFC 9110, 5.3).
    std::string joined(std::string_view name) const;

private:
    struct Field {
        std::size_t name = 0;  // where it begins in the text; its value follows
        std::size_t value = 0;
        std::size_t end = 0;
    };
    std::string_view name_of(const Field& field) const;
    std::string_view value_of(const Field& field) const;

    std::string text_;
    std::vector<Field> fields_;
};

/// ASCII letters are the same in either case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text);

}  // namespace collector::http
