#include "cli/admin.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <utility>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/exchange.hpp"
#include "cli/help.hpp"
#include "cli/table.hpp"
#include "http/json.hpp"
#include "support/curl/http.hpp"

namespace collector::cli {
namespace {

using pulsekit::HttpRequest;
using pulsekit::HttpResponse;

using Words = std::vector<std::string>;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr int kLinesAPage = 1'000;

int wrong_usage(const std::string& what, const std::string& command) {
    std::cerr << "pulse-collector admin: " << what << "\nTry: pulse-collector admin" << (command.empty() ? "" : " ")
              << command << " --help\n";
    return kWrongUsage;
}

int failed(const std::string& what) {
    std::cerr << "pulse-collector admin: " << what << "\n";
    return kFailed;
}

/// What cannot be written is missing: a full disk, say.
int print(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return written ? kDone : failed(std::string("cannot write: ") + std::strerror(errno));
}

std::optional<std::string> from_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

std::string as_it_is(const std::string& value) { return shown(value); }

/// Nothing when the answer is yes.
std::optional<int> refusal(const Command& command, const Invocation& invocation) {
    if (command.question.empty() || invocation.yes) return std::nullopt;
    const auto question = filled(command.question, invocation, as_it_is);
    if (!::isatty(STDIN_FILENO)) return wrong_usage(question + " Say --yes", called(command));
    std::cerr << question << " [y/N] ";
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return std::nullopt;
    return failed("nothing was done");
}

int show(const Command& command, const Invocation& invocation, const HttpResponse& response) {
    if (response.body.empty()) return invocation.json || command.done.empty() ? kDone : print(command.done + "\n");
    if (invocation.json) return print(response.body + "\n");
    const auto answer = http::parse_json(response.body);
    if (!answer || !answer->is_object()) return failed("the answer is no JSON object: is this a collector?");
    if (command.rows.empty()) return print(list_of(*answer));
    const auto rows = answer->find(command.rows);
    if (rows == answer->end() || !rows->is_array()) return failed("the answer has no '" + command.rows + "'");
    const int printed = print(table_of(*rows, command.columns));
    const auto next = answer->find("next_before");
    if (next != answer->end() && !next->is_null()) std::cerr << "There is more: --before " << shown(*next) << "\n";
    return printed;
}

std::string cursor_after(const HttpResponse& response) {
    for (const auto& [name, value] : response.headers) {
        if (name == "x-next-cursor") return value;
    }
    return {};
}

/// A page is printed when all of it is here, so that no line is cut. One that is too large for that is asked for in
/// smaller ones.
int stream(const HttpRequest& request, std::string cursor) {
    pulsekit::curl::Session session;
    int lines = kLinesAPage;
    while (true) {
        auto page = request;
        page.url += (page.url.find('?') == std::string::npos ? "?limit=" : "&limit=") + std::to_string(lines);
        if (!cursor.empty()) page.url += "&cursor=" + cursor;
        const auto response = ask(session, page);
        if (!response && response.error().code == pulsekit::ErrorCode::unavailable && lines > 1) {
            lines /= 10;
            continue;
        }
        if (!response)
            return failed(response.error().message + (cursor.empty() ? "" : "; go on with --cursor " + cursor));
        if (const int printed = print(response->body); printed != kDone) return printed;
        cursor = cursor_after(*response);
        if (cursor.empty()) return kDone;
    }
}

int run(const Command& command, const Words& words) {
    auto invocation = read_arguments(command, words, from_environment);
    if (!invocation) return wrong_usage(invocation.error().message, called(command));
    std::string cursor;
    if (command.pages) cursor = std::exchange(invocation->values["cursor"], {});
    if (command.pages) invocation->values.erase("cursor");
    const auto request = request_of(command, *invocation);
    if (!request) return wrong_usage(request.error().message, called(command));
    if (const auto refused = refusal(command, *invocation)) return *refused;
    if (command.pages) return stream(*request, std::move(cursor));
    pulsekit::curl::Session session;
    const auto response = ask(session, *request);
    if (!response) return failed(response.error().message);
    return show(command, *invocation, *response);
}

bool asks_for_help(const std::string& word) { return word == "--help" || word == "-h"; }

}  // namespace

int administrate(const Words& words) {
    const bool wants_help = std::any_of(words.begin(), words.end(), asks_for_help);
    if (words.empty() || asks_for_help(words.front())) {
        const int printed = print(help_of_all());
        return words.empty() ? kWrongUsage : printed;
    }
    const auto& resource = words.front();
    if (!is_resource(resource)) return wrong_usage("unknown resource '" + resource + "'", "");
    if (const auto* alone = find(resource, "")) {
        return wants_help ? print(help_of(*alone)) : run(*alone, Words(words.begin() + 1, words.end()));
    }
    const std::string verb = words.size() > 1 ? words[1] : "";
    if (asks_for_help(verb)) return print(help_of(std::string_view(resource)));
    if (verb.empty() || verb.front() == '-') return wrong_usage("a verb is missing", resource);
    const auto* command = find(resource, verb);
    if (!command) return wrong_usage("unknown verb '" + verb + "'", resource);
    return wants_help ? print(help_of(*command)) : run(*command, Words(words.begin() + 2, words.end()));
}

}  // namespace collector::cli
