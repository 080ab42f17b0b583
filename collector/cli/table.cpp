#include "cli/table.hpp"

#include <algorithm>
#include <cstdio>

#include "model/text.hpp"

namespace collector::cli {
namespace {

constexpr std::size_t kBetween = 2;

/// Names are anybody's: what would move a terminal's cursor is shown as its code.
std::string harmless(const std::string& text) {
    std::string shown;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        const bool is_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
        if (byte >= 0x20 && byte != 0x7f && !is_c1) {
            shown += text[i];
            continue;
        }
        char code[8];
        std::snprintf(code, sizeof code, "\\x%02x", is_c1 ? next : byte);
        shown += code;
        if (is_c1) ++i;
    }
    return shown;
}

std::string title_of(const std::string& member) {
    std::string title;
    for (const char c : member) {
        const bool is_small = c >= 'a' && c <= 'z';
        title += c == '_' ? ' ' : is_small ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return harmless(title);
}

std::string lines_of(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], model::code_points(row[i]));
    }
    std::string lines;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            lines += row[i];
            if (i + 1 < row.size()) lines.append(widths[i] - model::code_points(row[i]) + kBetween, ' ');
        }
        lines += "\n";
    }
    return lines;
}

}  // namespace

std::string shown(const http::Json& value) {
    if (value.is_null()) return "-";
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_string()) {
        const auto text = harmless(value.get<std::string>());
        return text.empty() ? "-" : text;
    }
    if (!value.is_array()) return harmless(http::to_text(value));
    std::string all;
    for (const auto& item : value) all += (all.empty() ? "" : ",") + shown(item);
    return all.empty() ? "-" : all;
}

std::string table_of(const http::Json& rows, std::vector<std::string> columns) {
    if (columns.empty() && !rows.empty() && rows.front().is_object()) {
        for (const auto& [name, value] : rows.front().items()) columns.push_back(name);
    }
    std::vector<std::vector<std::string>> cells(1);
    for (const auto& column : columns) cells.front().push_back(title_of(column));
    for (const auto& row : rows) {
        auto& line = cells.emplace_back();
        for (const auto& column : columns) {
            const bool has = row.is_object() && row.contains(column);
            line.push_back(has ? shown(row.at(column)) : "-");
        }
    }
    return columns.empty() ? std::string() : lines_of(cells);
}

std::string list_of(const http::Json& object) {
    std::vector<std::vector<std::string>> cells;
    for (const auto& [name, value] : object.items()) cells.push_back({title_of(name), shown(value)});
    return lines_of(cells);
}

}  // namespace collector::cli
