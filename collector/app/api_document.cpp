#include "app/api_document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <pulsekit/version.hpp>

#include "http/json.hpp"

namespace collector::app {
namespace {

using http::Json;
using http::Route;

/// The names between braces of a pattern.
std::vector<std::string> placeholders(const std::string& pattern) {
    std::vector<std::string> names;
    for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{', open + 1)) {
        names.push_back(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
    }
    return names;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

Json operation(const Route& route) {
    Json described = {{"summary", route.summary}};
    if (route.access != "none" && !route.access.empty()) {
        described["description"] = "Takes a credential with the scope `" + route.access + "`.";
        described["security"] = Json::array({Json{{route.access, Json::array()}}});
    }
    for (const auto& name : placeholders(route.pattern)) {
        described["parameters"].push_back(
            {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    }
    described["responses"] = {{"default", {{"description", "See docs/protocol.md."}}}};
    return described;
}

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    }
    return out;
}

}  // namespace

std::string openapi_json(const std::vector<Route>& routes) {
    Json document = {{"openapi", "3.1.0"}, {"info", {{"title", "pulse-collector"}, {"version", pulsekit::kVersion}}}};
    document["components"]["securitySchemes"] = {
        {"ingest", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-Pulse-Key"}}},
        {"query", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-Pulse-Key"}}},
        {"admin", {{"type", "http"}, {"scheme", "bearer"}}},
    };
    document["paths"] = Json::object();
    for (const auto& route : routes) document["paths"][route.pattern][lower(route.method)] = operation(route);
    return http::to_text(document);
}

std::string api_page(const std::vector<Route>& routes) {
    std::string rows;
    for (const auto& route : routes) {
        rows += fmt::format("<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n", route.method,
                            escaped(route.pattern), escaped(route.access), escaped(route.summary));
    }
    return fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>pulse-collector API</title></head>"
        "<body><h1>pulse-collector {}</h1><table><thead><tr><th>Method</th><th>Path</th><th>Credential</th>"
        "<th>What it does</th></tr></thead><tbody>\n{}</tbody></table></body></html>\n",
        pulsekit::kVersion, rows);
}

}  // namespace collector::app
