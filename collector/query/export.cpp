#include "query/export.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "support/time_text.hpp"

namespace collector::query {
namespace {

using http::Json;
using pulsekit::Result;

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string text_cell(std::string text) {
    if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) text.insert(0, 1, '\'');
    return text.find_first_of(",\"\r\n") == std::string::npos ? text : in_quotes(text);
}

std::string decimal_cell(double value) {
    std::array<char, 400> digits{};  // the largest double has 309 before the point
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 1).ptr;
    return {digits.data(), end};
}

std::string cell(const CsvColumn& column, const Json& row) {
    const auto found = row.find(column.member);
    const Json* value = found == row.end() ? nullptr : &*found;
    switch (column.as) {
        case CsvColumn::As::text: return text_cell(value && value->is_string() ? value->get<std::string>() : "");
        case CsvColumn::As::count:
            return std::to_string(value && value->is_number() ? value->get<std::int64_t>() : std::int64_t{0});
        case CsvColumn::As::decimal: return decimal_cell(value && value->is_number() ? value->get<double>() : 0);
    }
    return {};
}

Result<const Module*> module_of(std::string_view type) {
    std::string known;
    for (const Module* module : exports()) {
        if (module->name == type) return module;
        known.append(known.empty() ? "" : ", ").append(module->name);
    }
    return bad_value("type", "must be one of: " + known);
}

Result<Json> rows_of(const Module& module, const Context& context, const Params& params) {
    auto answer = (module.csv_rows ? module.csv_rows : module.answer)(context, params);
    if (!answer || module.csv_rows) return answer;
    return std::move(answer->at("data"));
}

}  // namespace

std::vector<const Module*> exports() {
    std::vector<const Module*> found;
    std::copy_if(modules().begin(), modules().end(), std::back_inserter(found),
                 [](const Module* module) { return !module->csv.empty(); });
    return found;
}

std::string csv_text(std::span<const CsvColumn> columns, const Json& rows) {
    std::string text;
    for (const auto& column : columns) text.append(text.empty() ? "" : ",").append(column.member);
    text += '\n';
    for (const auto& row : rows) {
        for (const auto& column : columns) {
            if (&column != &columns.front()) text += ',';
            text += cell(column, row);
        }
        text += '\n';
    }
    return text;
}

http::Response export_file(const http::Request& request, const Sources& sources, const meta::Project& project) {
    const auto patience = patience_of(sources, request);
    const auto refused = [&](const pulsekit::Error& error) {
        return refusal(kAnalytics, kExportPath, error, sources, patience);
    };
    const auto module = module_of(request.path_value("type"));
    if (!module) return refused(module.error());
    const Context context{.store = sources.store,
                          .definitions = sources.definitions,
                          .experiments = sources.experiments,
                          .surveys = sources.surveys,
                          .project = project,
                          .now_ms = sources.clock.unix_ms(),
                          .patience = patience,
                          .id = {}};
    const auto params = parse(request, kExportTakes, context.now_ms);
    if (!params) return refused(params.error());
    const auto rows = rows_of(**module, context, *params);
    if (!rows) return refused(rows.error());
    const std::string name = std::string((*module)->name) + "_" + pulsekit::date_text(params->range.from_ms) + "_" +
                             pulsekit::date_text(params->range.to_ms) + ".csv";
    return {.status = 200,
            .body = csv_text((*module)->csv, *rows),
            .content_type = "text/csv",
            .headers = {{"Content-Disposition", "attachment; filename=\"" + name + "\""}}};
}

}  // namespace collector::query
