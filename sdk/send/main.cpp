// pulse-send: what a pipe says, line by line, is tracked and delivered.
#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

#include <pulsekit/client.hpp>
#include <pulsekit/version.hpp>

#include "send/input.hpp"
#include "send/line.hpp"

namespace pulsekit::send {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr int kSomethingLeft = 3;

struct Wire {
    const char* name;
    pulsekit::Dialect dialect;
};
constexpr Wire kWires[] = {{"productgraph", pulsekit::Dialect::productgraph},
                           {"pulse", pulsekit::Dialect::pulse},
                           {"gateway", pulsekit::Dialect::gateway},
                           {"analytics", pulsekit::Dialect::analytics},
                           {"ingest", pulsekit::Dialect::ingest}};

constexpr const char* kHelp =
    R"(pulse-send: reads events from standard input and sends them to a collector

  pulse-send --endpoint URL [--key KEY] --storage DIR [options]

Each line of the input is a JSON object: {"name": "level_complete", "properties": {"level": 3}}

  --endpoint URL             the collector, such as https://telemetry.example.com
  --key KEY                  a key with the scope ingest; without it the environment's PULSE_SEND_KEY,
                             which no list of processes shows
  --storage DIR              folder for what is not delivered yet; made when absent
  --wire NAME                the protocol: productgraph (default), pulse, gateway,
                             analytics or ingest
  --project ID               the label of the events' project (default: pulse-send)
  --close-deadline SECONDS   how long the end may take to deliver what is left (default: 10)
  --receipts                 prints the event id of each line once the event is safe in the storage folder
  --help, --version

SIGTERM and SIGINT end the input. At its end the ledger of the storage folder is printed on standard error, as JSON.

Exit status: 0 everything is delivered, 1 failure, 2 wrong usage, 3 something is left in the storage folder: the next
run delivers it.
)";

struct Arguments {
    std::string endpoint;
    std::string key;
    std::string storage;
    pulsekit::Dialect dialect = pulsekit::Dialect::productgraph;
    std::string project = "pulse-send";
    Milliseconds close_deadline{10'000};
    bool receipts = false;
};

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void say(const char* format, ...) {
    char text[2048];
    va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    std::fprintf(stderr, "pulse-send: %s\n", text);  // one call: the client's thread speaks, too
}

Error wrong(const std::string& what) { return {ErrorCode::invalid, what}; }

Result<Milliseconds> parse_seconds(const std::string& flag, const std::string& text) {
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    const bool is_plain = text.find_first_not_of("0123456789.") == std::string::npos;
    if (text.empty() || !is_plain || *end != 0 || seconds > 1e6) {
        return wrong(flag + " must be a number of seconds, not '" + text + "'");
    }
    return Milliseconds(std::llround(seconds * 1000));
}

Result<Arguments> parse_arguments(int argc, char** argv) {
    Arguments arguments;
    if (const char* key = std::getenv("PULSE_SEND_KEY")) arguments.key = key;
    std::string deadline;
    std::string wire = kWires[0].name;
    const std::pair<const char*, std::string*> flags[] = {
        {"--endpoint", &arguments.endpoint}, {"--key", &arguments.key},
        {"--storage", &arguments.storage},   {"--wire", &wire},
        {"--project", &arguments.project},   {"--close-deadline", &deadline},
    };
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (flag == "--receipts") {
            arguments.receipts = true;
            continue;
        }
        std::string* value = nullptr;
        for (const auto& known : flags) {
            if (flag == known.first) value = known.second;
        }
        if (!value) return wrong("unknown argument '" + flag + "'");
        if (i + 1 == argc) return wrong(flag + " needs a value");
        *value = argv[++i];
        if (value->empty()) return wrong(flag + " needs a value");
    }
    for (const auto& required : {flags[0], flags[1], flags[2]}) {
        const bool is_key = required.second == &arguments.key;
        if (required.second->empty())
            return wrong(std::string(required.first) + (is_key ? " or PULSE_SEND_KEY" : "") + " is required");
    }
    const auto* known =
        std::find_if(std::begin(kWires), std::end(kWires), [&](const Wire& w) { return w.name == wire; });
    if (known == std::end(kWires)) return wrong("unknown wire '" + wire + "'");
    arguments.dialect = known->dialect;
    if (!deadline.empty()) {
        const auto parsed = parse_seconds("--close-deadline", deadline);
        if (!parsed) return parsed.error();
        arguments.close_deadline = *parsed;
    }
    return arguments;
}

/// Reads, tracks and tells. Borrows all it is given.
class Sender {
public:
    Sender(const Arguments& arguments, Client& client, Input& input)
        : arguments_(arguments), client_(client), input_(input) {}

    /// Until the input ends. False when it ended in a failure, which was told.
    bool run() {
        for (;;) {
            const auto line = input_.next();
            if (!line) {
                say("%s", line.error().message.c_str());
                return false;
            }
            if (!*line) return true;
            if (!take(**line)) return false;
        }
    }

private:
    bool take(const InputLine& input) {
        if (input.too_long) return skip(input, "it is longer than 1 MiB");
        if (input.text.find_first_not_of(" \t\r") == std::string::npos) return true;
        const auto line = parse_line(input.text);
        if (!line) return input.may_be_cut || skip(input, line.error().message.c_str());
        // A pipe can be faster than the SDK's thread; only a disk that takes nothing makes it wait for long.
        pulsekit::EventOptions patient;
        patient.wait_for_room = std::chrono::minutes(1);
        const Tracked tracked = client_.track(line->name, line->properties, patient);
        if (!tracked) return skip(input, (std::string("refused: ") + tracked.reason).c_str());
        return !arguments_.receipts || print_receipt(tracked);
    }

    static bool print_receipt(const Tracked& tracked) {
        if (std::printf("%s\n", tracked.id_text().c_str()) > 0 && std::fflush(stdout) == 0) return true;
        say("cannot print receipts: %s", std::strerror(errno));
        return false;
    }

    static bool skip(const InputLine& input, const char* why) {
        say("line %" PRIu64 ": %s", input.number, why);
        return true;
    }

    const Arguments& arguments_;
    Client& client_;
    Input& input_;
};

void print_ledger(const Stats& stats) {
    std::string dropped;
    for (const auto& [reason, count] : stats.dropped) {
        dropped += (dropped.empty() ? "\"" : ",\"") + reason + "\":" + std::to_string(count);
    }
    std::fprintf(stderr,
                 "{\"accepted\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"queued\":%" PRIu64 ",\"dropped\":{%s}}\n",
                 stats.accepted, stats.delivered, stats.queued, dropped.c_str());
}

int send(const Arguments& arguments) {
    ::signal(SIGPIPE, SIG_IGN);  // a reader of receipts that went away is a failed print
    Input input;

    Options options;
    options.endpoint = arguments.endpoint;
    options.api_key = arguments.key;
    options.app_name = arguments.project;
    options.dialect = arguments.dialect;
    options.storage_dir = arguments.storage;
    // While it opens, the client speaks on this thread, too, and then an error means that it will do without the
    // storage folder: no receipt could be kept. Damage that was set aside is no such error.
    bool opening = true;
    bool unsafe = false;
    options.on_diagnostic = [&, opener = std::this_thread::get_id()](const Diagnostic& diagnostic) {
        say("%s", diagnostic.message.c_str());
        if (std::this_thread::get_id() == opener && opening && diagnostic.level == Diagnostic::Level::error &&
            diagnostic.code != ErrorCode::corrupt) {
            unsafe = true;
        }
    };
    options.on_rejected = [](const Rejection& rejection) {
        say("event %s (%s) was rejected: %s", rejection.event_id.c_str(), rejection.name.c_str(),
            rejection.message.c_str());
    };
    auto client = Client::open(std::move(options));
    opening = false;
    if (!client) {
        say("%s", client.error().message.c_str());
        return client.error().code == ErrorCode::invalid ? kWrongUsage : kFailed;
    }
    if (unsafe) {
        say("nothing was read: without the storage folder %s no event would be safe", arguments.storage.c_str());
        return kFailed;
    }

    Sender sender(arguments, *client, input);
    const bool whole = sender.run();
    const auto closed = client->close(arguments.close_deadline);
    if (!closed) say("%s", closed.error().message.c_str());
    const Stats stats = client->stats();
    print_ledger(stats);
    if (stats.queued > 0) return kSomethingLeft;
    return whole ? kDone : kFailed;
}

}  // namespace

int run(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--help") == 0) return std::fputs(kHelp, stdout) < 0 ? kFailed : kDone;
        if (std::strcmp(argv[i], "--version") == 0) {
            return std::printf("pulse-send %s\n", kVersion) < 0 ? kFailed : kDone;
        }
    }
    const auto arguments = parse_arguments(argc, argv);
    if (!arguments) {
        say("%s\nTry: pulse-send --help", arguments.error().message.c_str());
        return kWrongUsage;
    }
    return send(*arguments);
}

}  // namespace pulsekit::send

int main(int argc, char** argv) { return pulsekit::send::run(argc, argv); }
