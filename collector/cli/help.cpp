#include "cli/help.hpp"

#include <algorithm>

namespace collector::cli {
namespace {

constexpr const char* kProgram = "pulse-collector admin ";

constexpr const char* kEverywhere =
    "  --url URL      of the collector; also PULSE_URL; else http://127.0.0.1:8080\n"
    "  --token TOKEN  also PULSE_ADMIN_TOKEN, which others cannot see; else that of DATA/dev.env\n"
    "  --data DIR     where that file is; also PULSE_DATA; else ./pulse-data\n"
    "  --json         the answer as it came\n";

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

std::string lines_of(std::string_view resource) {
    std::string lines;
    for (const auto& command : commands()) {
        if (!resource.empty() && command.resource != resource) continue;
        lines += "  " + padded(called(command), 20) + "  " + command.summary + "\n";
    }
    return lines;
}

std::string usage_of(const Command& command) {
    std::string usage = kProgram + called(command);
    for (const auto& argument : command.arguments) {
        const auto word = argument.flag.empty() ? argument.value : argument.flag + " " + argument.value;
        usage += argument.required ? " " + word : " [" + word + "]";
    }
    return usage;
}

}  // namespace

std::string help_of_all() {
    return kProgram + std::string("RESOURCE VERB ...: the administration of a collector that runs\n\n") + lines_of("") +
           "\n" + kEverywhere + "\n  " + kProgram + "RESOURCE [VERB] --help\n";
}

std::string help_of(std::string_view resource) {
    return kProgram + std::string(resource) + " ...\n\n" + lines_of(resource) + "\n" + kEverywhere;
}

std::string help_of(const Command& command) {
    std::string help = usage_of(command) + "\n\n" + command.summary + "\n\n";
    for (const auto& argument : command.arguments) {
        const auto word = argument.flag.empty() ? argument.value : argument.flag + " " + argument.value;
        help += "  " + padded(word, 22) + "  " + argument.help + "\n";
    }
    if (!command.arguments.empty()) help += "\n";
    if (!command.question.empty()) help += "  --yes          without asking: needed where nobody can be asked\n";
    return help + kEverywhere;
}

}  // namespace collector::cli
