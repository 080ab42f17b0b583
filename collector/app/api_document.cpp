#include "app/api_document.hpp"

#include <algorithm>
#include <utility>

#include <pulsekit/version.hpp>

#include "http/json.hpp"
#include "model/text.hpp"

namespace collector::app {
namespace {

using http::DocumentedParameter;
using http::Json;
using http::Route;

constexpr const char* kKeyHeaders[] = {"Authorization", "X-Pulse-Key", "X-PG-API-Key", "X-API-Key"};

/// The names between braces of a pattern.
std::vector<std::string> placeholders(const std::string& pattern) {
    std::vector<std::string> names;
    for (auto open = pattern.find('{'); open != std::string::npos; open = pattern.find('{', open + 1)) {
        names.push_back(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
    }
    return names;
}

/// `get_api_v1_funnels_id` of GET /api/v1/funnels/{id}.
std::string operation_id(const Route& route) {
    std::string id = model::lower(route.method);
    for (const char c : route.pattern) {
        const bool is_word = model::is_letter(c) || (c >= '0' && c <= '9');
        if (is_word) {
            id += c;
        } else if (id.back() != '_') {
            id += '_';
        }
    }
    while (id.back() == '_') id.pop_back();
    return id;
}

Json schema_of(const DocumentedParameter& parameter) {
    Json schema{{"type", parameter.type == DocumentedParameter::Type::integer ? "integer" : "string"}};
    if (!parameter.one_of.empty()) schema["enum"] = parameter.one_of;
    if (!parameter.otherwise.empty()) {
        const auto number = http::parse_json(parameter.otherwise);
        const bool is_number = parameter.type == DocumentedParameter::Type::integer && number;
        schema["default"] = is_number ? *number : Json(parameter.otherwise);
    }
    if (parameter.repeated) schema = {{"type", "array"}, {"items", std::move(schema)}};
    return schema;
}

Json described(const DocumentedParameter& parameter, bool in_path) {
    Json json{{"name", parameter.name},
              {"in", in_path ? "path" : "query"},
              {"required", in_path || parameter.required},
              {"schema", schema_of(parameter)}};
    if (!parameter.summary.empty()) json["description"] = parameter.summary;
    if (parameter.example.empty()) return json;
    const auto number = http::parse_json(parameter.example);
    const bool is_number = parameter.type == DocumentedParameter::Type::integer && number;
    const Json example = is_number ? *number : Json(parameter.example);
    json["example"] = parameter.repeated ? Json::array({example}) : example;
    return json;
}

/// The alternatives: any one of them is enough.
Json security_of(const Route& route) {
    auto alternatives = Json::array();
    for (const std::string header : kKeyHeaders) {
        const bool is_documented = route.document.key_header.empty() || header == route.document.key_header;
        if (is_documented) alternatives.push_back({{header, Json::array({route.access})}});
    }
    if (route.document.key_optional) alternatives.push_back(Json::object());
    return alternatives;
}

/// Members whose own members are data, not names that can be known.
constexpr std::string_view kMaps[] = {"appearance", "config",         "distribution", "dropped",
                                      "properties", "trigger_config", "vitals"};

/// What either satisfies.
Json either(Json a, const Json& b) {
    if (a == b) return a;
    if (a.value("type", "") != "object" || b.value("type", "") != "object") return Json::object();
    if (!a.contains("properties") || !b.contains("properties")) return {{"type", "object"}};
    for (const auto& [name, schema] : b.at("properties").items()) {
        auto& known = a["properties"][name];
        known = known.is_null() ? schema : either(known, schema);
    }
    return a;
}

/// A schema that the example satisfies: its members with their types. Null says nothing, and no member is required.
Json schema_of(const Json& example) {
    switch (example.type()) {
        case Json::value_t::object: {
            Json schema{{"type", "object"}};
            for (const auto& [name, value] : example.items()) {
                const bool is_map = std::find(std::begin(kMaps), std::end(kMaps), name) != std::end(kMaps);
                schema["properties"][name] = is_map ? Json{{"type", "object"}} : schema_of(value);
            }
            return schema;
        }
        case Json::value_t::array: {
            Json items;
            for (const auto& item : example) items = items.is_null() ? schema_of(item) : either(items, schema_of(item));
            return {{"type", "array"}, {"items", items.is_null() ? Json::object() : items}};
        }
        case Json::value_t::string: return {{"type", "string"}};
        case Json::value_t::boolean: return {{"type", "boolean"}};
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return {{"type", "integer"}};
        case Json::value_t::number_float: return {{"type", "number"}};
        default: return Json::object();
    }
}

Json content_of(const std::string& type, const std::string& example) {
    const bool is_json = type == "application/json";
    const auto json = is_json ? http::parse_json(example) : std::nullopt;
    Json content{{"schema", json ? schema_of(*json) : Json{{"type", is_json ? "object" : "string"}}}};
    if (!example.empty()) content["example"] = json ? *json : Json(example);
    return {{type, std::move(content)}};
}

Json responses_of(const Route& route) {
    const auto& document = route.document;
    Json answer{{"description", document.answer.empty() ? "Done." : "As in the example."}};
    if (document.status != 204) answer["content"] = content_of(document.answer_type, document.answer);
    return {{std::to_string(document.status), std::move(answer)},
            {"default", {{"description", "An error in the envelope of its protocol: see docs/protocol.md."}}}};
}

Json operation(const Route& route) {
    const auto& document = route.document;
    Json described_route{
        {"operationId", operation_id(route)}, {"summary", route.summary}, {"tags", Json::array({group_of(route)})}};
    if (const auto credential = credential_of(route); !credential.empty()) {
        described_route["description"] = credential;
        described_route["security"] = security_of(route);
    }
    for (const auto& parameter : parameters_of(route)) {
        described_route["parameters"].push_back(described(parameter, is_in_path(route, parameter)));
    }
    if (!document.request.empty()) {
        described_route["requestBody"] = {{"required", true},
                                          {"content", content_of("application/json", document.request)}};
    }
    described_route["responses"] = responses_of(route);
    return described_route;
}

Json security_schemes() {
    Json schemes;
    for (const std::string header : kKeyHeaders) {
        schemes[header] = header == "Authorization" ? Json{{"type", "http"}, {"scheme", "bearer"}}
                                                    : Json{{"type", "apiKey"}, {"in", "header"}, {"name", header}};
    }
    return schemes;
}

}  // namespace

std::string group_of(const Route& route) {
    if (route.access == "ingest") return "Ingestion";
    if (route.access == "query") return "Reports";
    if (route.access == "admin") return "Administration";
    return "Operation";
}

std::string credential_of(const Route& route) {
    if (route.access.empty() || route.access == "none") return {};
    const auto& header = route.document.key_header;
    std::string text = "Takes a credential with the scope `" + route.access + "` ";
    text += header.empty() ? "in any of the headers that a key may be in" : "in `" + header + "`";
    if (route.document.key_optional) text += "; without one it serves the project of the open gateway, if that is open";
    return text + ".";
}

std::vector<DocumentedParameter> parameters_of(const Route& route) {
    const auto& documented = route.document.parameters;
    std::vector<DocumentedParameter> all;
    for (const auto& name : placeholders(route.pattern)) {
        const bool is_documented = std::any_of(documented.begin(), documented.end(),
                                               [&](const DocumentedParameter& one) { return one.name == name; });
        if (!is_documented) all.push_back({.name = name, .required = true});
    }
    all.insert(all.end(), documented.begin(), documented.end());
    return all;
}

bool is_in_path(const Route& route, const DocumentedParameter& parameter) {
    return route.pattern.find("{" + parameter.name + "}") != std::string::npos;
}

std::string openapi_json(const std::vector<Route>& routes) {
    Json document{{"openapi", "3.1.0"}, {"info", {{"title", "pulse-collector"}, {"version", pulsekit::kVersion}}}};
    document["components"]["securitySchemes"] = security_schemes();
    document["paths"] = Json::object();
    for (const auto& route : routes) document["paths"][route.pattern][model::lower(route.method)] = operation(route);
    return http::to_text(document);
}

}  // namespace collector::app
