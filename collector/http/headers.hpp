// The header fields of a message.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace collector::http {

/// In the order of the message; names are found without regard to ASCII case. A message has a dozen: a search is a look
/// at each.
class Headers {
public:
    void emplace(std::string_view name, std::string value) { fields_.emplace_back(name, std::move(value)); }

    /// The first of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    /// All of that name, joined by commas, which means the same (RFC 9110, 5.3).
    std::string joined(std::string_view name) const;

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// ASCII letters are the same in either case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace collector::http
