// A row's kind, and whether it is an interaction.
#pragma once

#include <cstdint>

namespace collector::store::local {

/// Both as one number: what asks for either, or for both, compares one column that has a dozen codes, and how many rows
/// of each class a session has is soon told.
constexpr std::int64_t row_class(std::int64_t kind, bool is_interaction) { return kind * 2 + (is_interaction ? 1 : 0); }
constexpr std::int64_t kind_of(std::int64_t row_class) { return row_class / 2; }
constexpr std::int64_t interaction_of(std::int64_t row_class) { return row_class % 2; }

}  // namespace collector::store::local
