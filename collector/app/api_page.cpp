// The API document as a page.
#include <fmt/format.h>

#include <pulsekit/version.hpp>

#include "app/api_document.hpp"
#include "http/json.hpp"

namespace collector::app {
namespace {

using http::DocumentedParameter;
using http::Route;

constexpr const char* kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2330}"
    "h2{margin-top:3rem;border-bottom:1px solid #d5dae3}h3{margin-top:2rem}"
    "code,pre{font:14px/1.45 ui-monospace,monospace;background:#f3f5f9;border-radius:4px}"
    "code{padding:.1em .3em}pre{padding:.8rem;overflow:auto}table{border-collapse:collapse;margin:.5rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0}nav a{margin-right:1rem}";

std::string escaped(std::string_view text) {
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

/// Escaped; what stands between backticks is code.
std::string prose(std::string_view text) {
    std::string out;
    bool in_code = false;
    for (const char c : escaped(text)) {
        if (c != '`') {
            out += c;
            continue;
        }
        out += in_code ? "</code>" : "<code>";
        in_code = !in_code;
    }
    return out;
}

std::string example(std::string_view heading, const std::string& text) {
    if (text.empty()) return {};
    const auto json = http::parse_json(text);
    return fmt::format("<p>{}</p><pre>{}</pre>\n", escaped(heading), escaped(json ? json->dump(2) : text));
}

std::string rule_of(const Route& route, const DocumentedParameter& parameter) {
    std::string rule = is_in_path(route, parameter) ? "in the path" : parameter.required ? "required" : "optional";
    if (parameter.repeated) rule += ", repeated";
    for (std::size_t i = 0; i < parameter.one_of.size(); ++i) {
        rule += (i == 0 ? "; one of `" : ", `") + parameter.one_of[i] + "`";
    }
    if (!parameter.otherwise.empty()) rule += "; `" + parameter.otherwise + "` when absent";
    return rule;
}

std::string parameter_table(const Route& route) {
    std::string rows;
    for (const auto& parameter : parameters_of(route)) {
        rows += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n", escaped(parameter.name),
                            prose(parameter.summary), prose(rule_of(route, parameter)));
    }
    return rows.empty() ? rows : "<table><tbody>\n" + rows + "</tbody></table>\n";
}

std::string section(const Route& route) {
    const auto& document = route.document;
    return fmt::format("<h3><code>{} {}</code></h3>\n<p>{}. {}</p>\n", route.method, escaped(route.pattern),
                       prose(route.summary), prose(credential_of(route))) +
           parameter_table(route) + example("Request", document.request) +
           example(fmt::format("Answer {}", document.status), document.answer);
}

}  // namespace

std::string api_page(const std::vector<Route>& routes) {
    std::string contents;
    std::string body;
    for (const char* group : {"Reports", "Ingestion", "Administration", "Operation"}) {
        contents += fmt::format("<a href=\"#{0}\">{0}</a>", group);
        body += fmt::format("<h2 id=\"{0}\">{0}</h2>\n", group);
        for (const auto& route : routes) {
            if (group_of(route) == group) body += section(route);
        }
    }
    return fmt::format(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>pulse-collector API</title>"
        "<style>{}</style></head><body><h1>pulse-collector {}</h1>\n<nav>{}</nav>\n{}</body></html>\n",
        kStyle, pulsekit::kVersion, contents, body);
}

}  // namespace collector::app
