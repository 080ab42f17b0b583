#include "app/metrics.hpp"

#include <fmt/format.h>

#include "ingest/dialect.hpp"

namespace collector::app {
namespace {

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
    head(out, name, type, help);
    out += fmt::format("{} {}\n", name, value);
}

}  // namespace

std::string metrics_text(const ingest::Counters& counters, const store::Writer& writer) {
    std::string out;
    head(out, "pulse_events_total", "counter", "Events by what became of them.");
    for (const auto* dialect : ingest::dialects()) {
        const auto now = counters.snapshot(dialect->id);
        const auto line = [&](std::string_view outcome, std::uint64_t value) {
            out += fmt::format("pulse_events_total{{dialect=\"{}\",outcome=\"{}\"}} {}\n", name_of(dialect->id),
                               outcome, value);
        };
        line("received", now.received);
        line("stored", now.stored);
        line("duplicate", now.duplicate);
        line("filtered", now.filtered);
    }
    head(out, "pulse_events_rejected_total", "counter", "Events that were not taken, by reason.");
    for (const auto* dialect : ingest::dialects()) {
        const auto now = counters.snapshot(dialect->id);
        for (std::size_t i = 0; i < ingest::kReasons; ++i) {
            out += fmt::format("pulse_events_rejected_total{{dialect=\"{}\",reason=\"{}\"}} {}\n", name_of(dialect->id),
                               ingest::name_of(static_cast<ingest::Reason>(i)), now.rejected[i]);
        }
    }
    const auto& writes = writer.counters();
    single(out, "pulse_commits_total", "counter", "Group commits that succeeded.", writes.commits);
    single(out, "pulse_commits_failed_total", "counter", "Group commits that did not.", writes.failed_commits);
    single(out, "pulse_committed_events_total", "counter", "Events in successful commits, duplicates included.",
           writes.committed_events);
    single(out, "pulse_refused_events_total", "counter", "Events refused because the writer's queue was full.",
           writes.refused_events);
    single(out, "pulse_queued_events", "gauge", "Events waiting for their commit.", writes.queued_events);
    return out;
}

}  // namespace collector::app
