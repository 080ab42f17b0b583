#include "app/exposition.hpp"

#include <fmt/format.h>

namespace collector::app {
namespace {

std::string_view name_of(Exposition::Type type) {
    switch (type) {
        case Exposition::Type::counter: return "counter";
        case Exposition::Type::gauge: return "gauge";
        case Exposition::Type::histogram: return "histogram";
    }
    return "untyped";
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view help) {
    family_ = name;
    text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, name_of(type), help);
}

void Exposition::sample(Labels labels, std::uint64_t value) { line("", labels, std::to_string(value)); }
void Exposition::sample(Labels labels, double value) { line("", labels, fmt::format("{}", value)); }

void Exposition::histogram(std::span<const double> bounds, std::span<const std::uint64_t> counts, double sum) {
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        so_far += counts[i];
        line("_bucket", {{"le", fmt::format("{}", bounds[i])}}, std::to_string(so_far));
    }
    const auto all = std::to_string(so_far + counts[bounds.size()]);
    line("_bucket", {{"le", "+Inf"}}, all);
    line("_sum", {}, fmt::format("{}", sum));
    line("_count", {}, all);
}

void Exposition::line(std::string_view suffix, Labels labels, std::string_view value) {
    text_ += family_;
    text_ += suffix;
    char separator = '{';
    for (const auto& [name, content] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", separator, name, escaped(content));
        separator = ',';
    }
    if (labels.size() > 0) text_ += '}';
    text_ += fmt::format(" {}\n", value);
}

}  // namespace collector::app
