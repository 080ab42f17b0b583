// What the collector takes: the real process, on a disk, over HTTP, every answer after a synced commit. The counts that
// are stored must be those that were acknowledged, by the collector's counters, by its API and by its files.
#include <sys/resource.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "tests/bench/figures.hpp"
#include "tests/bench/ingest_load.hpp"
#include "tests/bench/ingest_requests.hpp"
#include "tests/bench/ingest_servers.hpp"

namespace bench {
namespace {

struct Settings {
    std::string collector = PULSEKIT_COLLECTOR_BINARY;
    std::string root = std::filesystem::temp_directory_path().string();
    std::uint64_t events = 10'000'000;        ///< of each batch figure
    std::uint64_t single_requests = 500'000;  ///< of each figure of single events
    std::vector<std::string> wanted;          ///< empty: all
};

constexpr std::size_t kSingleConnections = 64;
constexpr std::size_t kBatch = 1000;
constexpr std::size_t kBatchConnections = 16;
constexpr std::size_t kClients = 10'000;
constexpr double kClientsPerSecond = 20'000;  // each every 500 ms
constexpr double kScheduledSeconds = 15;

class Bench {
public:
    explicit Bench(Settings settings) : settings_(std::move(settings)) {}

    /// False: a count was wrong, or a request failed.
    bool run();

private:
    bool wants(std::string_view figure) const;
    void idle();
    double batches(const std::string& name, Ids ids, std::size_t batch, std::size_t connections, std::uint64_t events,
                   bool gzip = false);
    double singles(bool shown);
    void half_load();
    void scheduled(const std::string& name, std::size_t events_each, double per_second);
    void clients();
    void nginx();
    Report measured(Collector& collector, Load& load, const Plan& plan, const std::string& name);
    void verify(Collector& collector, std::uint64_t accepted, const std::string& name);
    double fastest_single();
    double fastest_batch();

    const Settings settings_;
    double single_ = 0;  // requests a second, once measured
    double batch_ = 0;   // events a second
    double peak_mb_ = 0;
    double disk_bytes_ = 0;  // of the collector that was verified last
    double cpu_us_ = 0;      // an event, of the report that was taken last
    bool good_ = true;
};

bool Bench::wants(std::string_view figure) const {
    const auto& wanted = settings_.wanted;
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), figure) != wanted.end();
}

bool Bench::run() {
    const auto all = settings_.events;
    if (wants("idle")) idle();
    if (wants("batch100")) batches("ingest.batch100.ordered", Ids::ordered, 100, kSingleConnections, all);
    if (wants("batch1000")) {
        batch_ = batches("ingest.batch1000.ordered", Ids::ordered, kBatch, kBatchConnections, all);
        print("ingest.disk_bytes_per_event", disk_bytes_ / static_cast<double>(all), "bytes", 1);
    }
    if (wants("random")) batches("ingest.batch1000.random", Ids::random, kBatch, kBatchConnections, all);
    if (wants("gzip")) batches("ingest.batch1000.gzip", Ids::ordered, kBatch, kBatchConnections, all, true);
    if (wants("single")) single_ = singles(true);
    if (wants("half_load")) half_load();
    if (peak_mb_ > 0) print("ingest.rss_load_mb", peak_mb_, "MB", 1);
    if (wants("clients10k")) clients();
    if (wants("nginx")) nginx();
    return good_;
}

Report Bench::measured(Collector& collector, Load& load, const Plan& plan, const std::string& name) {
    const double before = collector.usage().cpu_seconds;
    const double own_before = cpu_seconds();
    auto report = load.run(plan);
    const auto usage = collector.usage();
    const double cpu = usage.cpu_seconds - before;
    peak_mb_ = std::max(peak_mb_, usage.peak_rss_mb);
    cpu_us_ = cpu / static_cast<double>(std::max<std::uint64_t>(report.accepted, 1)) * 1e6;
    std::fprintf(stderr, "%s: %.1f s, the collector's processor time %.1f s, the load's %.1f s, peak %.0f MB\n",
                 name.c_str(), report.seconds, cpu, cpu_seconds() - own_before, usage.peak_rss_mb);
    if (report.failed > 0) {
        std::fprintf(stderr, "%s: %llu requests failed: %s\n", name.c_str(),
                     static_cast<unsigned long long>(report.failed), report.complaint.c_str());
        good_ = false;
    }
    return report;
}

void Bench::verify(Collector& collector, std::uint64_t accepted, const std::string& name) {
    const auto agree = [&](const char* source, std::uint64_t count) {
        // What was stored before its answer was lost, or given up, is there as well.
        if (count == accepted || (!good_ && count > accepted)) return;
        std::fprintf(stderr, "%s: %llu events were acknowledged, and %s %llu\n", name.c_str(),
                     static_cast<unsigned long long>(accepted), source, static_cast<unsigned long long>(count));
        good_ = false;
    };
    agree("its counters know", collector.stored());
    agree("its API reports", collector.reported());
    disk_bytes_ = collector.stop();
    agree("its files hold", collector.rows());
}

void Bench::idle() {
    const Collector collector(settings_.collector, settings_.root);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    print("ingest.rss_idle_mb", collector.usage().rss_mb, "MB", 1);
}

double Bench::batches(const std::string& name, Ids ids, std::size_t batch, std::size_t connections,
                      std::uint64_t events, bool gzip) {
    Collector collector(settings_.collector, settings_.root);
    Requests requests(ids, batch, connections, collector.key());
    const std::size_t count = events / batch;
    std::vector<std::string> packed;
    if (gzip) packed = requests.compressed_ahead(count, 100'000.0 / static_cast<double>(batch));
    Load load(collector.port(), connections);
    std::size_t sent = 0;
    const auto report = measured(collector, load,
                                 {.next = [&](std::size_t i) -> std::string_view {
                                      return gzip ? std::string_view(packed[sent++]) : requests.next(i);
                                  },
                                  .requests = count},
                                 name);
    verify(collector, report.accepted, name);
    const double per_second = static_cast<double>(report.accepted) / report.seconds;
    print(name + ".events_per_s", per_second, "events/s");
    print(name + ".cpu_us_per_event", cpu_us_, "us", 2);
    return per_second;
}

double Bench::singles(bool shown) {
    const std::string name = "ingest.single";
    Collector collector(settings_.collector, settings_.root);
    Requests requests(Ids::ordered, 1, kSingleConnections, collector.key());
    Load load(collector.port(), kSingleConnections);
    const auto report = measured(
        collector, load,
        {.next = [&](std::size_t i) { return requests.next(i); }, .requests = settings_.single_requests}, name);
    verify(collector, report.accepted, name);
    const double per_second = static_cast<double>(report.answered) / report.seconds;
    if (shown) {
        print(name + ".requests_per_s", per_second, "requests/s");
        print(name + ".cpu_us_per_event", cpu_us_, "us", 2);
    }
    return per_second;
}

double Bench::fastest_single() {
    if (single_ == 0) single_ = singles(false);
    return single_;
}

double Bench::fastest_batch() {
    if (batch_ == 0) {
        batch_ = batches("ingest.batch1000.ordered", Ids::ordered, kBatch, kBatchConnections, settings_.events / 10);
    }
    return batch_;
}

void Bench::scheduled(const std::string& name, std::size_t events_each, double per_second) {
    Collector collector(settings_.collector, settings_.root);
    Requests requests(Ids::ordered, events_each, kSingleConnections, collector.key());
    Load load(collector.port(), kSingleConnections);
    Plan plan{.next = [&](std::size_t i) { return requests.next(i); },
              .requests = static_cast<std::uint64_t>(per_second * 2),
              .per_second = per_second};
    const auto first = measured(collector, load, plan, name + " (first)");
    plan.requests = static_cast<std::uint64_t>(per_second * kScheduledSeconds);
    auto report = measured(collector, load, plan, name);
    verify(collector, first.accepted + report.accepted, name);
    print(name + ".p99_ms", quantile(report.latencies_ms, 0.99), "ms", 2);
    print(name + ".p50_ms", quantile(report.latencies_ms, 0.5), "ms", 2);
    print(name + ".per_s", per_second, "requests/s");
}

void Bench::half_load() {
    scheduled("ingest.single.half_load", 1, fastest_single() / 2);
    scheduled("ingest.batch.half_load", kBatch, fastest_batch() / 2 / static_cast<double>(kBatch));
}

void Bench::clients() {
    const std::string name = "ingest.clients10k";
    Collector collector(settings_.collector, settings_.root);
    rlimit files{};  // after the collector's start: it must raise its own
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    Requests requests(Ids::ordered, 1, kClients, collector.key());
    Load load(collector.port(), kClients);
    const double peak_before = peak_mb_;
    auto report = measured(collector, load,
                           {.next = [&](std::size_t i) { return requests.next(i); },
                            .requests = static_cast<std::uint64_t>(kClientsPerSecond * kScheduledSeconds),
                            .per_second = kClientsPerSecond,
                            .taking_turns = true},
                           name);
    peak_mb_ = peak_before;
    const auto usage = collector.usage();
    print(name + ".unserved", static_cast<double>(report.unserved), "clients");
    print(name + ".p99_ms", quantile(report.latencies_ms, 0.99), "ms", 2);
    print(name + ".threads", usage.threads, "threads");
    print(name + ".rss_mb", usage.peak_rss_mb, "MB", 1);
    verify(collector, report.accepted, name);
}

void Bench::nginx() {
    const auto rate = [&](std::size_t events_each, std::size_t connections, std::uint64_t count) {
        const Nginx server;
        Requests requests(Ids::ordered, events_each, connections, "none");
        Load load(server.port(), connections);
        const auto report =
            load.run({.next = [&](std::size_t i) { return requests.next(i); }, .requests = count, .status = 204});
        if (report.failed > 0) {
            std::fprintf(stderr, "nginx: %s\n", report.complaint.c_str());
            good_ = false;
        }
        return static_cast<double>(report.answered) / report.seconds;
    };
    const double own_single = fastest_single();
    const double own_batch = fastest_batch() / static_cast<double>(kBatch);
    const double single = rate(1, kSingleConnections, settings_.single_requests);
    const double batch = rate(kBatch, kBatchConnections, std::max<std::uint64_t>(settings_.events / kBatch, 1));
    print("ingest.nginx.single.requests_per_s", single, "requests/s");
    print("ingest.nginx.single.ratio", own_single / single, "of_nginx", 2);
    print("ingest.nginx.batch1000.requests_per_s", batch, "requests/s");
    print("ingest.nginx.batch1000.ratio", own_batch / batch, "of_nginx", 3);
}

std::optional<Settings> settings_of(int argc, char** argv) {
    static constexpr std::string_view kFigures[] = {"idle",   "batch100",  "batch1000",  "random", "gzip",
                                                    "single", "half_load", "clients10k", "nginx"};
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (argument == "--events") {
            settings.events = std::strtoull(value, nullptr, 10);
            settings.single_requests = std::min(settings.single_requests, settings.events);
            ++i;
        } else if (argument == "--collector") {
            settings.collector = value;
            ++i;
        } else if (argument == "--root") {
            settings.root = value;
            ++i;
        } else if (std::find(std::begin(kFigures), std::end(kFigures), argument) != std::end(kFigures)) {
            settings.wanted.emplace_back(argument);
        } else {
            return std::nullopt;
        }
    }
    if (settings.events < kBatch) return std::nullopt;
    return settings;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    auto settings = bench::settings_of(argc, argv);
    if (!settings) {
        std::fputs(
            "usage: ingest [--events N] [--collector PROGRAM] [--root FOLDER]\n"
            "              [idle|batch100|batch1000|random|gzip|single|half_load|clients10k|nginx ...]\n"
            "N, at least 1000: events of each batch figure, at most so many single ones\n",
            stderr);
        return 2;
    }
    return bench::Bench(std::move(*settings)).run() ? 0 : 1;
}
