#include "cli/arguments.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

namespace collector::cli {
namespace {

using pulsekit::Error;
using pulsekit::ErrorCode;
using pulsekit::Result;

using Words = std::vector<std::string>;

Error invalid(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

/// What was said, before anything is asked of the environment.
struct Said {
    std::map<std::string, std::string> values;
    std::map<std::string, std::string> settings;  ///< --url, --token, --data
    bool json = false;
    bool yes = false;
};

/// The value of a flag: after its `=`, or the next word.
Result<std::string> value_of(const Words& words, std::size_t& at, const std::string& flag) {
    if (words[at].size() > flag.size()) return words[at].substr(flag.size() + 1);
    if (at + 1 == words.size()) return invalid(flag + " needs a value");
    return words[++at];
}

Result<void> take_flag(const Command& command, const Words& words, std::size_t& at, Said& said) {
    const std::string flag = words[at].substr(0, words[at].find('='));
    if (words[at] == "--json") {
        said.json = true;
        return {};
    }
    if (words[at] == "--yes") {
        said.yes = true;
        return {};
    }
    const auto argument = std::find_if(command.arguments.begin(), command.arguments.end(),
                                       [&](const Argument& one) { return one.flag == flag; });
    const bool is_setting = flag == "--url" || flag == "--token" || flag == "--data";
    if (argument == command.arguments.end() && !is_setting) return invalid("unknown argument '" + words[at] + "'");
    auto value = value_of(words, at, flag);
    if (!value) return std::move(value).error();
    auto& into = is_setting ? said.settings[flag] : said.values[argument->name];
    into = *std::move(value);
    return {};
}

Result<Said> read_words(const Command& command, const Words& words) {
    Said said;
    std::vector<const Argument*> by_place;
    for (const auto& argument : command.arguments) {
        if (argument.flag.empty()) by_place.push_back(&argument);
    }
    std::size_t placed = 0;
    bool flags_ended = false;
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (words[at] == "--" && !flags_ended) {
            flags_ended = true;  // what follows may begin with a dash
        } else if (words[at].starts_with("--") && !flags_ended) {
            if (auto taken = take_flag(command, words, at, said); !taken) return std::move(taken).error();
        } else if (placed == by_place.size()) {
            return invalid("unexpected '" + words[at] + "'");
        } else {
            said.values[by_place[placed++]->name] = words[at];
        }
    }
    for (const auto& argument : command.arguments) {
        if (!argument.required) continue;
        const auto given = said.values.find(argument.name);
        const bool is_empty = given == said.values.end() || given->second.empty();
        if (is_empty) return invalid((argument.flag.empty() ? argument.value : argument.flag) + " is required");
    }
    return said;
}

/// The token that a development collector keeps with its data.
std::string development_token(const std::string& data) {
    const std::string name = "PULSE_ADMIN_TOKEN=";
    std::ifstream file(data + "/dev.env");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(name)) return line.substr(name.size());
    }
    return {};
}

}  // namespace

Result<Invocation> read_arguments(const Command& command, const Words& words, const Environment& environment) {
    auto said = read_words(command, words);
    if (!said) return std::move(said).error();
    const auto setting = [&](const char* flag, const char* variable, const char* otherwise) {
        if (const auto given = said->settings.find(flag); given != said->settings.end()) return given->second;
        return environment(variable).value_or(otherwise);
    };
    Invocation invocation{.values = std::move(said->values),
                          .url = setting("--url", "PULSE_URL", "http://127.0.0.1:8080"),
                          .token = setting("--token", "PULSE_ADMIN_TOKEN", ""),
                          .json = said->json,
                          .yes = said->yes};
    while (invocation.url.ends_with('/')) invocation.url.pop_back();
    const auto data = setting("--data", "PULSE_DATA", "./pulse-data");
    if (invocation.token.empty()) invocation.token = development_token(data);
    if (invocation.token.empty()) {
        return invalid("there is no admin token: neither --token nor PULSE_ADMIN_TOKEN nor " + data + "/dev.env");
    }
    return invocation;
}

}  // namespace collector::cli
