#include "http/message.hpp"

namespace collector::http {

std::optional<std::string_view> Request::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::vector<std::string_view> Request::parameters(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : query) {
        if (key == name) values.push_back(value);
    }
    return values;
}

std::string_view Request::path_value(std::string_view name) const {
    const auto found = path_values.find(name);
    return found == path_values.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace collector::http
