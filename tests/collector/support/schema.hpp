// Whether JSON is as a schema of the API document says: the part of JSON Schema that those schemas use.
#pragma once

#include <cmath>
#include <string>

#include "http/json.hpp"

namespace collector::test {

inline bool has_type(const http::Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return false;
}

/// What is wrong, with its place; empty when nothing is. A null may stand for any value, and a member whose schema
/// names no members may have any.
inline std::string mismatch(const http::Json& schema, const http::Json& value, const std::string& place = "$") {
    if (!schema.contains("type") || value.is_null()) return {};
    const auto type = schema.at("type").get<std::string>();
    if (!has_type(value, type)) return place + " is no " + type + ": " + value.dump();
    if (type == "array") {
        for (const auto& item : value) {
            if (auto wrong = mismatch(schema.at("items"), item, place + "[]"); !wrong.empty()) return wrong;
        }
    }
    if (type != "object" || !schema.contains("properties")) return {};
    for (const auto& [name, member] : value.items()) {
        const auto known = schema.at("properties").find(name);
        if (known == schema.at("properties").end()) return place + "." + name + " is not documented";
        if (auto wrong = mismatch(*known, member, place + "." + name); !wrong.empty()) return wrong;
    }
    return {};
}

/// Whether the example has what `value` has: the same members in the same order, of the same types. Every entry of a
/// list of the example needs one like it in the other.
inline bool is_like(const http::Json& example, const http::Json& value) {
    if (example.is_number()) return value.is_number();
    if (example.type() != value.type()) return false;
    if (example.is_array()) {
        for (const auto& item : example) {
            bool found = false;
            for (const auto& other : value) found = found || is_like(item, other);
            if (!found) return false;
        }
    }
    if (!example.is_object()) return true;
    if (example.size() != value.size()) return false;
    for (auto a = example.begin(), b = value.begin(); a != example.end(); ++a, ++b) {
        if (a.key() != b.key() || !is_like(a.value(), b.value())) return false;
    }
    return true;
}

}  // namespace collector::test
