// Statements that take lists of numbers, and what is done with the rows of any.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <pulsekit/result.hpp>

#include "support/sqlite/database.hpp"

namespace collector::store::local {

/// Some numbers of a list as kListed takes them: of any length.
inline std::string json_of(const std::vector<std::int64_t>& numbers, std::size_t from, std::size_t count) {
    std::string text = "[";
    for (std::size_t i = from; i < std::min(from + count, numbers.size()); ++i) {
        if (text.size() > 1) text += ',';
        text += std::to_string(numbers[i]);
    }
    return text + "]";
}

/// The numbers of a list, which is the statement's first parameter.
inline constexpr const char* kListed = "(SELECT value FROM json_each(?1))";

/// Calls `use()` while the statement is at each of its rows, and resets it.
template <typename Use>
pulsekit::Result<void> for_each_row(pulsekit::sqlite::Statement& statement, const Use& use) {
    while (true) {
        const auto more = statement.step();
        if (!more) {
            statement.reset();
            return more.error();
        }
        if (!*more) break;
        use();
    }
    statement.reset();
    return {};
}

}  // namespace collector::store::local
