#include "http/headers.hpp"

#include <algorithm>

#include "model/text.hpp"

namespace collector::http {

void Headers::reserve(std::size_t fields, std::size_t bytes) {
    fields_.reserve(fields);
    text_.reserve(bytes);
}

void Headers::emplace(std::string_view name, std::string_view value) {
    const auto at = text_.size();
    text_.append(name).append(value);
    fields_.push_back({.name = at, .value = at + name.size(), .end = text_.size()});
}

std::string_view Headers::name_of(const Field& field) const {
    return std::string_view(text_).substr(field.name, field.value - field.name);
}

std::string_view Headers::value_of(const Field& field) const {
    return std::string_view(text_).substr(field.value, field.end - field.value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto& field : fields_) {
        if (equal_ignoring_case(name_of(field), name)) return value_of(field);
    }
    return std::nullopt;
}

std::string Headers::joined(std::string_view name) const {
    std::string all;
    for (const auto& field : fields_) {
        if (equal_ignoring_case(name_of(field), name)) all.append(all.empty() ? "" : ",").append(value_of(field));
    }
    return all;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return model::lower(x) == model::lower(y); });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace collector::http
