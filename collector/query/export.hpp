// Reports as CSV files (RFC 4180, lines end in LF).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "query/answer.hpp"

namespace collector::query {

inline constexpr std::string_view kExportPath = "/api/v1/exports/{type}";

/// What an export takes.
inline constexpr Takes kExportTakes{.range = true};

/// The modules that have an export, in the order of modules().
std::vector<const Module*> exports();

/// A header, then a line for each row; a member that a row lacks is zero, or an empty text. A text that a spreadsheet
/// would take for a formula has an apostrophe before it.
std::string csv_text(std::span<const CsvColumn> columns, const http::Json& rows);

/// The file of the report that `{type}` names, all of its rows; 400 for another type or a parameter; else as answer().
http::Response export_file(const http::Request& request, const Sources& sources, const meta::Project& project);

}  // namespace collector::query
