// The load of query_arrivals.hpp: arrivals PORT KEY EVENTS_PER_SECOND. In batches, by a timetable, until SIGTERM; then
// it prints what became of them.
#include <signal.h>
#include <sys/prctl.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/bench/figures.hpp"
#include "tests/bench/ingest_load.hpp"
#include "tests/bench/ingest_requests.hpp"

namespace {

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kConnections = 16;
constexpr std::chrono::seconds kPatience{7'200};

volatile std::sig_atomic_t told_to_stop = 0;

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: arrivals PORT KEY EVENTS_PER_SECOND\n", stderr);
        return 2;
    }
    std::signal(SIGTERM, [](int) { told_to_stop = 1; });
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // whoever started it may end without a word
    const double batches_per_second = std::strtod(argv[3], nullptr) / kBatch;
    bench::Requests requests(bench::Ids::ordered, kBatch, kConnections, argv[2]);
    bench::Load load(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)), kConnections);
    std::puts("arriving");
    std::fflush(stdout);
    const double most = batches_per_second * static_cast<double>(kPatience.count());
    auto report = load.run({.next = [&](std::size_t connection) { return requests.next(connection); },
                            .requests = static_cast<std::uint64_t>(most),
                            .per_second = batches_per_second,
                            .patience = kPatience,
                            .enough = [] { return told_to_stop != 0; }});
    if (report.failed > 0) {
        std::fprintf(stderr, "arrivals: %" PRIu64 " requests failed: %s\n", report.failed, report.complaint.c_str());
    }
    if (report.latencies_ms.empty()) return 1;
    const double p50_ms = bench::quantile(report.latencies_ms, 0.5);
    const double p99_ms = bench::quantile(report.latencies_ms, 0.99);
    std::printf("%.1f %.3f %.3f %" PRIu64 "\n", static_cast<double>(report.accepted) / report.seconds, p50_ms, p99_ms,
                report.failed);
    return 0;
}
