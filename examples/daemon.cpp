// A service in the background: its metrics can wait and may be dropped first, its rare events must survive even a loss
// of power, SIGTERM ends it in bounded time, and SIGHUP makes it read its configuration again.
//
//   daemon ENDPOINT KEY STORAGE [SECONDS_BETWEEN_METRICS]
#include <pulsekit/client.hpp>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

// What a handler hears goes through a pipe, to be read where it is waited for: no signal is missed between a look and
// the wait, and it does not matter which thread took it.
int signals[2] = {-1, -1};

void on_signal(int number) {
    const int before = errno;
    const auto byte = static_cast<unsigned char>(number);
    (void)!write(signals[1], &byte, 1);
    errno = before;
}

bool take_over_signals() {
    if (pipe(signals) != 0) return false;
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaction(number, &action, nullptr);
    return true;
}

/// The signal; 0 when the time is over.
int wait_for_signal(double seconds) {
    pollfd heard{signals[0], POLLIN, 0};
    unsigned char number = 0;
    int count = 0;
    do count = poll(&heard, 1, static_cast<int>(seconds * 1'000));
    while (count < 0 && errno == EINTR);  // a handler ran: now there is something to read
    return count == 1 && read(signals[0], &number, 1) == 1 ? number : 0;
}

// Metrics ride along with the next request; when the queue is full they are the first to go.
constexpr pulsekit::EventOptions kMetric = {pulsekit::Priority::low, pulsekit::Latency::deferred};
// track() waits until the disk has these: a few milliseconds, a few times a day.
constexpr pulsekit::EventOptions kImportant = {pulsekit::Priority::high, pulsekit::Latency::now,
                                               pulsekit::Durability::power};

void told(const pulsekit::Tracked& tracked) {
    if (!tracked) std::fprintf(stderr, "refused: %s\n", tracked.reason);
}

void track_metrics(pulsekit::Client& client) {
    double load[3];
    if (getloadavg(load, 3) == 3) told(client.performance("load_1m", load[0], {{"load_15m", load[2]}}, kMetric));
    told(client.performance("queued_events", static_cast<double>(client.stats().queued), {}, kMetric));
}

}  // namespace

int main(int argc, char** argv) {
    const double period = argc > 4 ? std::atof(argv[4]) : 10;
    if (argc < 4 || argc > 5 || !(period > 0)) {
        std::fprintf(stderr, "usage: %s ENDPOINT KEY STORAGE [SECONDS_BETWEEN_METRICS]\n", argv[0]);
        return 2;
    }
    if (!take_over_signals()) {
        std::perror("pipe");
        return 1;
    }

    pulsekit::Options options;
    options.endpoint = argv[1];
    options.api_key = argv[2];
    options.storage_dir = argv[3];
    options.app_name = "daemon";
    options.environment.device_class = "server";
    options.overflow = pulsekit::Overflow::by_priority;
    options.session_timeout = std::chrono::milliseconds(0);  // one session from start to end
    options.note_fatal_signals = true;
    options.on_diagnostic = [](const pulsekit::Diagnostic& diagnostic) {
        std::fprintf(stderr, "%s\n", diagnostic.message.c_str());
    };
    auto client = pulsekit::Client::open(std::move(options));
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().message.c_str());
        return 1;
    }
    const bool crashed = client->previous_run().end == pulsekit::PreviousRun::End::abnormal;
    told(client->track("service_started", {{"after_crash", crashed}}, kImportant));
    std::puts("running");
    std::fflush(stdout);

    int signal = 0;
    while (signal != SIGTERM && signal != SIGINT) {
        if (signal == 0) track_metrics(*client);
        signal = wait_for_signal(period);
        // Here a service would read its configuration.
        if (signal == SIGHUP) told(client->track("configuration_reloaded", {}, kImportant));
    }
    told(client->track("service_stopped", {{"signal", signal}}, kImportant));

    // Shorter than the patience of whoever stops services. What is left is on the disk for the next start.
    const auto closed = client->close(std::chrono::seconds(3));
    if (!closed) std::fprintf(stderr, "%s\n", closed.error().message.c_str());
    const pulsekit::Stats stats = client->stats();
    std::printf("accepted %llu, delivered %llu, queued %llu\n", static_cast<unsigned long long>(stats.accepted),
                static_cast<unsigned long long>(stats.delivered), static_cast<unsigned long long>(stats.queued));
    return 0;
}
