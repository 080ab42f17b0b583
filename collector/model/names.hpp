// Names of enumerators, and lists of names as one text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace collector::model {

/// The enumerator that has the name, where enumerators count from 0 in the order of the names; nothing: none has.
template <typename Type, std::size_t N>
std::optional<Type> named(const std::string_view (&names)[N], std::string_view name) {
    const auto* const found = std::find(std::begin(names), std::end(names), name);
    if (found == std::end(names)) return std::nullopt;
    return static_cast<Type>(found - std::begin(names));
}

/// With commas between them; no name has one.
inline std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        if (!text.empty()) text += ',';
        text += name;
    }
    return text;
}

inline std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        names.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return names;
}

}  // namespace collector::model
