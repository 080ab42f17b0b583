// Answers as text for people.
#pragma once

#include <string>
#include <vector>

#include "http/json.hpp"

namespace collector::cli {

/// A line a row below a line of titles. Without columns they are the members of the first row.
std::string table_of(const http::Json& rows, std::vector<std::string> columns);

/// A line a member.
std::string list_of(const http::Json& object);

/// A value as one line that can do nothing to a terminal.
std::string shown(const http::Json& value);

}  // namespace collector::cli
