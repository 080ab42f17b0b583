#include "app/metrics.hpp"

#include <pulsekit/version.hpp>

#include "app/exposition.hpp"
#include "app/process_status.hpp"
#include "ingest/dialect.hpp"

namespace collector::app {
namespace {

using enum Exposition::Type;

void write_events(Exposition& out, const ingest::Counters& counters) {
    const auto by_dialect = [&](std::string_view name, std::string_view help,
                                std::uint64_t ingest::Counters::Dialect::*count) {
        out.family(name, counter, help);
        for (const auto* dialect : ingest::dialects())
            out.sample({{"dialect", name_of(dialect->id)}}, counters.snapshot(dialect->id).*count);
    };
    using Counts = ingest::Counters::Dialect;
    by_dialect("pulse_events_received_total", "Events that arrived.", &Counts::received);
    by_dialect("pulse_events_stored_total", "Events that were stored.", &Counts::stored);
    by_dialect("pulse_events_duplicate_total", "Events whose id was known, accepted and not stored again.",
               &Counts::duplicate);
    by_dialect("pulse_events_filtered_total", "Events that were accepted and, as configured, not stored.",
               &Counts::filtered);
    out.family("pulse_events_rejected_total", counter, "Events that were not taken, by reason.");
    for (const auto* dialect : ingest::dialects()) {
        const auto now = counters.snapshot(dialect->id);
        for (std::size_t i = 0; i < ingest::kReasons; ++i) {
            const auto reason = ingest::name_of(static_cast<ingest::Reason>(i));
            out.sample({{"dialect", name_of(dialect->id)}, {"reason", reason}}, now.rejected[i]);
        }
    }
}

void write_writer(Exposition& out, const store::WriterCounters& writes, const store::Writer::Limits& limits) {
    out.single("pulse_commits_total", counter, "Group commits that succeeded.", writes.commits.load());
    out.single("pulse_commits_failed_total", counter, "Group commits that did not.", writes.failed_commits.load());
    out.single("pulse_committed_events_total", counter, "Events in successful commits, duplicates included.",
               writes.committed_events.load());
    const auto histogram = [&out](std::string_view name, std::string_view help, const auto& observed) {
        out.family(name, Exposition::Type::histogram, help);
        out.histogram(observed.bounds(), observed.counts(), observed.sum());
    };
    histogram("pulse_commit_duration_seconds", "How long group commits took that succeeded.", writes.commit_seconds);
    histogram("pulse_commit_events", "Events in each group commit that succeeded.", writes.commit_events);
    out.single("pulse_refused_events_total", counter, "Events refused because the writer's queue was full.",
               writes.refused_events.load());
    out.single("pulse_queued_events", gauge, "Events waiting for their commit.", writes.queued_events.load());
    out.single("pulse_queued_events_limit", gauge, "How many may wait; beyond them events are refused.",
               std::uint64_t{limits.max_queued_events});
    out.single("pulse_queued_bytes", gauge, "Memory that they take.", writes.queued_bytes.load());
    out.single("pulse_queued_bytes_limit", gauge, "How much they may take; beyond it events are refused.",
               std::uint64_t{limits.max_queued_bytes});
}

void write_outbox(Exposition& out, const outbound::Outbox& outbox) {
    using Counts = outbound::OutboxCounters::OfChannel;
    const auto channel = [](std::size_t i) { return name_of(static_cast<outbound::Channel>(i)); };
    const auto by_channel = [&](std::string_view name, std::string_view help,
                                std::atomic<std::uint64_t> Counts::*count) {
        out.family(name, counter, help);
        for (std::size_t i = 0; i < outbound::kChannels; ++i)
            out.sample({{"channel", channel(i)}}, (outbox.counters().channels[i].*count).load());
    };
    by_channel("pulse_outbox_messages_total", "Messages that were to be sent.", &Counts::added);
    by_channel("pulse_outbox_delivered_total", "Messages that were delivered.", &Counts::delivered);
    by_channel("pulse_outbox_retries_total", "Attempts that failed and are followed by another.", &Counts::retried);
    by_channel("pulse_outbox_failed_total", "Messages that were given up.", &Counts::failed);
    const auto waiting = outbox.waiting();
    if (!waiting) return;
    out.family("pulse_outbox_waiting", gauge, "Messages that wait to be sent.");
    for (std::size_t i = 0; i < outbound::kChannels; ++i)
        out.sample({{"channel", channel(i)}}, static_cast<std::uint64_t>((*waiting)[i]));
}

void write_server(Exposition& out, const http::ServerCounters& server) {
    out.single("pulse_http_connections", gauge, "Connections that are open.", server.open.load());
    out.single("pulse_http_connections_total", counter, "Connections ever accepted.", server.accepted.load());
    out.single("pulse_http_connections_refused_total", counter, "Connections for which there was no room.",
               server.refused.load());
    out.single("pulse_http_held_bytes", gauge, "Held by requests that are read or handled, and by unread answers.",
               server.held_bytes.load());
    out.single("pulse_http_connections_evicted_total", counter, "Idle connections that made room for others.",
               server.evicted.load());
    out.single("pulse_http_timeouts_total", counter, "Clients that were too slow with a request or an answer.",
               server.timed_out.load());
    out.single("pulse_http_requests_total", counter, "Whole requests.", server.requests.load());
    out.single("pulse_http_bad_requests_total", counter, "Requests refused while they were read.",
               server.bad_requests.load());
}

void write_forwarding(Exposition& out, const std::vector<outbound::ForwardingState>& services) {
    if (services.empty()) return;
    using State = outbound::ForwardingState;
    const auto each = [&](std::string_view name, Exposition::Type type, std::string_view help, auto value) {
        out.family(name, type, help);
        for (const auto& service : services) out.sample({{"provider", service.provider}}, value(service));
    };
    each("pulse_forwarded_events_total", counter, "Events that the service has taken.",
         [](const State& state) { return state.forwarded; });
    out.family("pulse_forwarding_dropped_events_total", counter, "Events that it does not take, by reason.");
    for (const auto& service : services) {
        for (std::size_t i = 0; i < outbound::kDrops; ++i) {
            out.sample({{"provider", service.provider}, {"reason", name_of(static_cast<outbound::Drop>(i))}},
                       service.dropped[i]);
        }
    }
    each("pulse_forwarding_skipped_events_total", counter, "Events that had waited for too long.",
         [](const State& state) { return state.skipped; });
    each("pulse_forwarding_retries_total", counter, "Requests that came to nothing, and are sent again.",
         [](const State& state) { return state.retries; });
    each("pulse_forwarding_failures", gauge, "How many of them since the last that was taken.",
         [](const State& state) { return std::uint64_t(state.failures); });
    each("pulse_forwarding_lag_events", gauge, "Stored events behind the last one that is done with.",
         [](const State& state) { return std::uint64_t(state.lag_events); });
    each("pulse_forwarding_lag_seconds", gauge, "Since the oldest event came that waits for it.",
         [](const State& state) { return state.lag_seconds; });
}

void write_machine(Exposition& out, const std::string& data_directory) {
    const auto disk = disk_status(data_directory);
    out.single("pulse_data_bytes", gauge, "Size of the files in the data directory.", disk.data_bytes);
    out.single("pulse_data_free_bytes", gauge, "Room left on the data directory's file system.", disk.free_bytes);
    out.family("pulse_build_info", gauge, "Always 1; the label is what matters.");
    out.sample({{"version", pulsekit::kVersion}}, std::uint64_t{1});

    // Names and meanings that every Prometheus client library shares.
    const auto process = process_status();
    out.single("process_start_time_seconds", gauge, "Start of the process, in seconds since 1970.",
               process.start_seconds);
    out.single("process_cpu_seconds_total", counter, "User and system CPU time spent.", process.cpu_seconds);
    out.single("process_resident_memory_bytes", gauge, "Resident memory.", process.resident_bytes);
    out.single("process_virtual_memory_bytes", gauge, "Virtual memory.", process.virtual_bytes);
    out.single("process_threads", gauge, "Threads.", process.threads);
    out.single("process_open_fds", gauge, "Open files and sockets.", process.open_files);
    out.single("process_max_fds", gauge, "How many may be open.", process.open_files_limit);
}

}  // namespace

std::string metrics_text(const Measured& measured) {
    Exposition out;
    write_events(out, measured.ingest);
    write_writer(out, measured.writer.counters(), measured.limits);
    write_outbox(out, measured.outbox);
    if (measured.server) write_server(out, *measured.server);
    write_forwarding(out, measured.forwarding);
    write_machine(out, measured.data_directory);
    return out.take();
}

}  // namespace collector::app
