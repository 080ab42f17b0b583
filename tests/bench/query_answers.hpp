// What reports answer, for others who are asked the same to be held against.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/json.hpp"

namespace bench {

/// A number, a text or nothing, as it stands in a report.
using Leaf = std::variant<std::monostate, double, std::string>;

/// What somebody says of a closed range in place of a report.
using Peer = std::function<std::vector<Leaf>(std::string_view report, std::int64_t from_ms, std::int64_t to_ms)>;

/// Whether a report is among those that a peer must know.
bool is_compared(std::string_view report);

/// What the peer says of each range that the report is of.
std::vector<Leaf> answer(const Peer& peer, std::string_view report, std::int64_t from_ms, std::int64_t to_ms);

/// The same of a report's JSON: what the peer answers for it, in the order in which it stands there.
std::vector<Leaf> leaves_of(std::string_view report, const std::string& json);

/// A number, a text or null, put after the others.
void append_leaf(std::vector<Leaf>& leaves, const collector::http::Json& value);

/// Where the two differ, if they do.
std::optional<std::string> difference(const std::vector<Leaf>& peer, const std::vector<Leaf>& report);

/// SQL with every `name` in it replaced.
std::string filled(std::string sql, std::string_view name, const std::string& value);

}  // namespace bench
