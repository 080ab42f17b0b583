#include "http/headers.hpp"

#include <algorithm>

#include "model/text.hpp"

namespace collector::http {

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto& [field, value] : fields_) {
        if (equal_ignoring_case(field, name)) return value;
    }
    return std::nullopt;
}

std::string Headers::joined(std::string_view name) const {
    std::string all;
    for (const auto& [field, value] : fields_) {
        if (equal_ignoring_case(field, name)) all.append(all.empty() ? "" : ",").append(value);
    }
    return all;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return model::lower(x) == model::lower(y); });
}

}  // namespace collector::http
