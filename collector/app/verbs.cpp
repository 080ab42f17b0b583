#include "app/verbs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <thread>

#include <pulsekit/version.hpp>

#include "app/app.hpp"
#include "app/config.hpp"
#include "app/log.hpp"
#include "app/signals.hpp"
#include "app/supervisor.hpp"
#include "cli/admin.hpp"
#include "store/open.hpp"
#include "support/system_environment.hpp"

namespace collector::app {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

using Arguments = std::vector<std::string>;

struct Verb {
    const char* name;
    const char* usage;
    const char* summary;
    int (*run)(const Arguments& arguments);
    std::string (*details)();  ///< null: it helps by itself
};

int wrong_usage(const std::string& verb, const std::string& what) {
    fmt::print(stderr, "pulse-collector {}: {}\nTry: pulse-collector {} --help\n", verb, what, verb);
    return kWrongUsage;
}

int failed(const std::string& verb, const pulsekit::Error& error) {
    fmt::print(stderr, "pulse-collector {}: {}\n", verb, error.message);
    return kFailed;
}

std::optional<std::string> from_environment(const std::string& name) {
    if (const char* value = std::getenv(name.c_str())) return std::string(value);
    return std::nullopt;
}

/// What one question frees serves the next: pages that go back to the system and come again, zeroed, cost more than
/// what is done with them. Fewer arenas, so that not each thread keeps as much for itself.
void keep_freed_memory() {
#ifdef M_ARENA_MAX
    constexpr int kMiB = 1024 * 1024;
    mallopt(M_MMAP_THRESHOLD, 32 * kMiB);
    mallopt(M_TRIM_THRESHOLD, 64 * kMiB);
    mallopt(M_ARENA_MAX, static_cast<int>(2 * std::max(1u, std::thread::hardware_concurrency())));
#endif
}

int serve(const Arguments& arguments) {
    auto config = load_config(arguments, from_environment);
    if (!config) return wrong_usage("serve", config.error().message);
    keep_freed_memory();
    hold_signals();
    pulsekit::SystemClock clock;
    App app(std::move(*config), clock);
    const auto address = app.start();
    if (!address) return failed("serve", address.error());
    fmt::print("listening on {}\n", *address);
    std::fflush(stdout);
    notify_supervisor("READY=1");
    wait_for_stop();
    notify_supervisor("STOPPING=1");
    log(Level::info, "stopping: answering what was accepted");
    app.stop();
    return kDone;
}

/// `--name VALUE` or `--name=VALUE`, each required; or what is wrong.
pulsekit::Result<std::map<std::string, std::string>> required_flags(const Arguments& arguments,
                                                                    const Arguments& names) {
    std::map<std::string, std::string> values;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto equals = std::min(arguments[i].find('='), arguments[i].size());
        const std::string name = arguments[i].substr(0, equals);
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            return pulsekit::Error{pulsekit::ErrorCode::invalid, "unknown argument '" + arguments[i] + "'"};
        }
        if (equals < arguments[i].size()) {
            values[name] = arguments[i].substr(equals + 1);
        } else if (i + 1 < arguments.size()) {
            values[name] = arguments[++i];
        } else {
            return pulsekit::Error{pulsekit::ErrorCode::invalid, name + " needs a value"};
        }
    }
    for (const auto& name : names) {
        if (values[name].empty()) return pulsekit::Error{pulsekit::ErrorCode::invalid, name + " is required"};
    }
    return values;
}

int check(const Arguments& arguments) {
    auto flags = required_flags(arguments, {"--data"});
    if (!flags) return wrong_usage("check", flags.error().message);
    const auto problems = store::check_store((*flags)["--data"]);
    if (!problems) return failed("check", problems.error());
    for (const auto& problem : *problems) fmt::print("damaged: {}\n", problem);
    if (problems->empty()) {
        fmt::print("no damage found\n");
        return kDone;
    }
    fmt::print("{} problems found\n", problems->size());
    return kFailed;
}

int backup(const Arguments& arguments) {
    auto flags = required_flags(arguments, {"--data", "--to"});
    if (!flags) return wrong_usage("backup", flags.error().message);
    const auto done =
        store::backup_store((*flags)["--data"], (*flags)["--to"], [](std::int64_t copied, std::int64_t in_all) {
            fmt::print(stderr, "\rcopied {} of {} MB", copied >> 20, in_all >> 20);
        });
    fmt::print(stderr, "\n");
    if (!done) return failed("backup", done.error());
    fmt::print("backed up to {}: put it back as DATA/pulse.sqlite\n", (*flags)["--to"]);
    return kDone;
}

std::string serve_details() {
    return "  --listen HOST:PORT   where to serve; port 0 takes a free one\n"
           "  --data DIR           where everything is kept\n"
           "  --config FILE.toml   settings from a file (also PULSE_CONFIG)\n"
           "  --dev                for development: loopback only, with a project `demo` whose keys are printed and "
           "kept\n"
           "                       in DATA/dev.env\n\n"
           "Once it serves, one line `listening on http://HOST:PORT` is printed; logs go to standard error.\n"
           "SIGTERM or SIGINT: it stops accepting, answers and commits what was accepted, and exits.\n\n"
           "Settings; flags beat environment, environment beats the file:\n" +
           settings_help() + "  Keys made elsewhere: [[keys]] tables in the file, with key, project and scopes.\n";
}

std::string check_details() { return "Reads everything and says what is damaged; exit status 1 when something is.\n"; }

std::string backup_details() {
    return "Copies the data consistently, also while a collector runs on it. To restore, put the copy into an empty "
           "data\n"
           "directory as pulse.sqlite.\n";
}

constexpr std::array kVerbs = {
    Verb{"serve", "[--listen HOST:PORT] [--data DIR] [--config FILE.toml] [--dev]", "receive, store and answer", serve,
         serve_details},
    Verb{"check", "--data DIR", "look for damage in stored data", check, check_details},
    Verb{"backup", "--data DIR --to FILE", "copy a running collector's data", backup, backup_details},
    Verb{"admin", "RESOURCE VERB ... [--url URL] [--token TOKEN] [--json]", "administer a running collector",
         cli::administrate, nullptr},
};

void print_help() {
    fmt::print("pulse-collector {}: receives telemetry, stores it, answers questions about it\n\n", pulsekit::kVersion);
    for (const auto& verb : kVerbs)
        fmt::print("  pulse-collector {:<7} {}\n      {}\n", verb.name, verb.usage, verb.summary);
    fmt::print("\n  pulse-collector VERB --help | --version | --help\n");
}

}  // namespace

int run(const Arguments& arguments) {
    if (arguments.empty()) {
        print_help();
        return kWrongUsage;
    }
    if (arguments[0] == "--help" || arguments[0] == "-h") {
        print_help();
        return kDone;
    }
    if (arguments[0] == "--version") {
        fmt::print("pulse-collector {}\n", pulsekit::kVersion);
        return kDone;
    }
    const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& v) { return arguments[0] == v.name; });
    if (verb == kVerbs.end()) {
        fmt::print(stderr, "pulse-collector: unknown verb '{}'\nTry: pulse-collector --help\n", arguments[0]);
        return kWrongUsage;
    }
    ::umask(077);  // what we write is the operator's: events, keys' hashes, the visitors' secret
    const Arguments rest(arguments.begin() + 1, arguments.end());
    if (verb->details && std::find(rest.begin(), rest.end(), "--help") != rest.end()) {
        fmt::print("pulse-collector {} {}\n\n{}", verb->name, verb->usage, verb->details());
        return kDone;
    }
    return verb->run(rest);
}

}  // namespace collector::app
