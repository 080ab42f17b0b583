// A service in the background: its metrics can wait and may be dropped first, its rare events must survive even a loss
// of power, SIGTERM ends it in bounded time, and SIGHUP makes it read its configuration again.
//
//   daemon ENDPOINT KEY STORAGE [SECONDS_BETWEEN_METRICS]
#include <pulsekit/client.hpp>

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

/// Signals that are waited for and not handled: none is missed between a look and the wait. Before any thread is
/// started, for threads inherit what is blocked.
sigset_t take_over_signals() {
    sigset_t awaited;
    sigemptyset(&awaited);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&awaited, number);
    pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
    return awaited;
}

/// The signal; 0 when the time is over.
int wait_for_signal(const sigset_t& awaited, double seconds) {
    timespec patience{};
    patience.tv_sec = static_cast<time_t>(seconds);
    patience.tv_nsec = static_cast<long>((seconds - static_cast<double>(patience.tv_sec)) * 1e9);
    int number = 0;
    do number = sigtimedwait(&awaited, nullptr, &patience);
    while (number < 0 && errno == EINTR);
    return number > 0 ? number : 0;
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
    const sigset_t awaited = take_over_signals();

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
        signal = wait_for_signal(awaited, period);
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
