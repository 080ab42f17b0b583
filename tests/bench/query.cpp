// What questions cost: the real collector, over HTTP, on a project of sixty days.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>

#include "store/open.hpp"
#include "support/system_environment.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/query_arrivals.hpp"
#include "tests/bench/query_clickhouse.hpp"
#include "tests/bench/query_collector.hpp"
#include "tests/bench/query_events.hpp"
#include "tests/bench/query_questions.hpp"
#include "tests/bench/query_rows.hpp"

namespace bench {
namespace {

enum class Mode {
    reports,     ///< the collector alone
    ingest,      ///< the collector, while events arrive
    rows,        ///< plain SQLite rows in place of it
    clickhouse,  ///< ClickHouse in place of it
};

struct Settings {
    std::string collector = PULSEKIT_COLLECTOR_BINARY;
    std::string data;  ///< kept there and used again; empty: made in a temporary folder
    std::uint64_t events = 10'000'000;
    std::size_t repeats = 40;
    Mode mode = Mode::reports;
    std::vector<std::string> wanted;  ///< figures; empty: all
};

constexpr std::uint64_t kArrivalsPerSecond = 50'000;
constexpr std::chrono::seconds kAlone{15};  ///< how long events arrive while nobody asks

class Bench {
public:
    explicit Bench(Settings settings) : settings_(std::move(settings)) {
        if (settings_.data.empty()) {
            made_.emplace("query");
            settings_.data = made_->path() + "/data";
        }
    }

    void run() {
        prepare();
        switch (settings_.mode) {
            case Mode::reports: return ask_collector();
            case Mode::ingest: return ask_while_events_arrive();
            case Mode::rows: return ask_rows();
            case Mode::clickhouse: return ask_clickhouse();
        }
    }

private:
    std::string figure(const std::string& name) const {
        if (settings_.mode == Mode::rows) return "query.rows." + name;
        if (settings_.mode == Mode::clickhouse) return "query.clickhouse." + name;
        const auto millions = settings_.events / 1'000'000;
        return "query." + std::to_string(millions) + "m." + name;
    }
    bool wants(const std::string& name) const {
        return settings_.wanted.empty() ||
               std::find(settings_.wanted.begin(), settings_.wanted.end(), name) != settings_.wanted.end();
    }

    void prepare() {
        const std::string done = settings_.data + "/bench-end";
        if (std::ifstream end(done); end >> end_ms_) return;
        std::filesystem::create_directories(settings_.data);
        std::string project;
        {
            Collector collector(settings_.collector, settings_.data);
            project = collector.value("PULSE_PROJECT");
            collector.stop();
        }
        pulsekit::SystemRandom random;
        auto store = collector::store::open_store(
            {.data_directory = settings_.data, .sync = collector::store::Sync::normal}, random);
        if (!store) throw std::runtime_error(store.error().message);
        end_ms_ = now_ms();
        Visits visits(project, settings_.events, end_ms_);
        std::uint64_t stored = 0;
        for (auto events = visits.next(10'000); !events.empty(); events = visits.next(10'000)) {
            if (auto appended = (*store)->append(events); !appended) throw std::runtime_error(appended.error().message);
            stored += events.size();
            if (stored % 1'000'000 == 0) std::fprintf(stderr, "query: %lu events stored\n", stored);
        }
        store->reset();
        std::ofstream(done) << end_ms_;
    }

    /// Pushes the files out of the system's cache, as far as it lets.
    void forget_files() const {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(settings_.data)) {
            if (!entry.is_regular_file()) continue;
            const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
            fsync(fd);
            posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
            ::close(fd);
        }
    }

    void cold_start() {
        if (!wants("cold_first")) return;
        {
            Collector once(settings_.collector, settings_.data);  // whatever is made of new data is made
            once.send("GET", Questions::first(end_ms_).path);
            once.stop();
        }
        forget_files();
        const auto start = SteadyClock::now();
        Collector collector(settings_.collector, settings_.data);
        collector.send("GET", Questions::first(end_ms_).path);
        print(figure("cold_first_ms"), 1000 * seconds_since(start), "ms");
        collector.stop();
    }

    void ask_collector() {
        cold_start();
        Collector collector(settings_.collector, settings_.data);
        const Questions questions(collector, end_ms_);
        for (const auto& asked : questions.of_whole_range()) {
            if (wants(asked.name)) print(figure(asked.name) + ".p95_ms", p95_ms(collector, asked), "ms", 2);
        }
        if (wants("one_day")) print(figure("one_day") + ".p95_ms", slowest_p95_ms(collector, questions), "ms", 2);
        print(figure("anon_mb"), collector.anonymous_mb(), "MB");
        collector.stop();
        print(figure("segment_bytes_per_event"), segment_bytes() / static_cast<double>(settings_.events), "bytes", 1);
    }

    /// The reports alone, the events alone, both, and the reports alone again, for there are more events by then.
    void ask_while_events_arrive() {
        std::optional<Folder> copy;
        std::string data = settings_.data;
        if (!made_) {  // what is kept for the next time stays as it is
            data = copy.emplace("query-ingest").path() + "/data";
            std::filesystem::copy(settings_.data, data, std::filesystem::copy_options::recursive);
        }
        Collector collector(settings_.collector, data);
        const Questions questions(collector, end_ms_);
        std::map<std::string, double> alone_ms;
        for (const auto& asked : questions.of_whole_range()) {
            if (!wants(asked.name)) continue;
            alone_ms[asked.name] = p95_ms(collector, asked);
            print(figure(asked.name) + ".p95_ms", alone_ms[asked.name], "ms", 2);
        }
        const auto print_ratios = [&](const char* suffix) {
            for (const auto& asked : questions.of_whole_range()) {
                if (!wants(asked.name)) continue;
                print(figure(asked.name) + suffix, p95_ms(collector, asked) / alone_ms[asked.name], "ratio", 2);
            }
        };
        const auto alone = [&] {
            Arrivals arrivals(collector, kArrivalsPerSecond);
            std::this_thread::sleep_for(kAlone);
            return arrivals.stop();
        }();
        print(figure("ingest.per_second"), alone.per_second, "events/s");
        print(figure("ingest.p50_ms"), alone.p50_ms, "ms", 2);
        print(figure("ingest.p99_ms"), alone.p99_ms, "ms", 2);
        Arrivals arrivals(collector, kArrivalsPerSecond);
        print_ratios(".with_ingest_ratio");
        const auto beside = arrivals.stop();
        print(figure("ingest.with_reports_ratio"), beside.per_second / alone.per_second, "ratio", 3);
        print(figure("ingest.p50_with_reports_ratio"), beside.p50_ms / alone.p50_ms, "ratio", 2);
        print(figure("ingest.p99_with_reports_ratio"), beside.p99_ms / alone.p99_ms, "ratio", 2);
        print_ratios(".after_ingest_ratio");
        collector.stop();
        if (alone.failed + beside.failed > 0) throw std::runtime_error("the collector did not take all events");
    }

    void ask_rows() {
        Collector collector(settings_.collector, settings_.data);
        RowQuestions rows(settings_.data, collector.value("PULSE_PROJECT"));
        compare(collector, [&](auto report, auto from_ms, auto to_ms) { return rows.ask(report, from_ms, to_ms); });
    }

    void ask_clickhouse() {
        Collector collector(settings_.collector, settings_.data);
        ClickHouseQuestions clickhouse(Visits(collector.value("PULSE_PROJECT"), settings_.events, end_ms_));
        compare(collector,
                [&](auto report, auto from_ms, auto to_ms) { return clickhouse.ask(report, from_ms, to_ms); });
    }

    /// The same questions as of the collector, whose answers must be the same.
    void compare(Collector& collector, const Peer& peer) const {
        const Questions questions(collector, end_ms_);
        for (const auto& asked : questions.of_whole_range()) {
            if (!is_compared(asked.name) || !wants(asked.name)) continue;
            print(figure(asked.name) + ".p95_ms", compared_ms(collector, peer, asked), "ms", 2);
        }
        if (!wants("one_day")) return;
        double slowest = 0;
        for (const auto& asked : questions.of_one_day()) {
            if (is_compared(asked.name)) slowest = std::max(slowest, compared_ms(collector, peer, asked));
        }
        print(figure("one_day") + ".p95_ms", slowest, "ms", 2);
    }

    /// Three runs, and their median.
    static double compared_ms(Collector& collector, const Peer& peer, const Asked& asked) {
        std::vector<double> took;
        for (int i = 0; i < 3; ++i) {
            const auto start = SteadyClock::now();
            const auto said = answer(peer, asked.name, asked.from_ms, asked.to_ms);
            took.push_back(1000 * seconds_since(start));
            const auto report = leaves_of(asked.name, collector.send("GET", asked.path));
            if (const auto differs = difference(said, report)) throw std::runtime_error(asked.name + ": " + *differs);
        }
        return quantile(took, 0.5);
    }

    double p95_ms(Collector& collector, const Asked& asked) const {
        for (int i = 0; i < 3; ++i) collector.send("GET", asked.path);
        std::vector<double> took;
        for (std::size_t i = 0; i < settings_.repeats; ++i) {
            const auto start = SteadyClock::now();
            collector.send("GET", asked.path);
            took.push_back(1000 * seconds_since(start));
        }
        return quantile(took, 0.95);
    }

    double slowest_p95_ms(Collector& collector, const Questions& questions) const {
        double slowest = 0;
        for (const auto& asked : questions.of_one_day()) {
            const auto took = p95_ms(collector, asked);
            if (!settings_.wanted.empty())
                std::fprintf(stderr, "query: one day of %s: %.2f ms\n", asked.name.c_str(), took);
            slowest = std::max(slowest, took);
        }
        return slowest;
    }

    double segment_bytes() const {
        double bytes = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(settings_.data + "/segments")) {
            if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
        }
        return bytes;
    }

    Settings settings_;
    std::optional<Folder> made_;
    std::int64_t end_ms_ = 0;
};

Settings parse(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const bool has_value = i + 1 < argc;
        if (argument == "--events" && has_value) {
            const std::string count = argv[++i];
            settings.events = std::strtoull(count.c_str(), nullptr, 10) * (count.back() == 'm' ? 1'000'000 : 1);
        } else if (argument == "--data" && has_value) {
            settings.data = argv[++i];
        } else if (argument == "--collector" && has_value) {
            settings.collector = argv[++i];
        } else if (argument == "--repeats" && has_value) {
            settings.repeats = std::strtoull(argv[++i], nullptr, 10);
        } else if (argument == "--rows") {
            settings.mode = Mode::rows;
        } else if (argument == "--clickhouse") {
            settings.mode = Mode::clickhouse;
        } else if (argument == "--ingest") {
            settings.mode = Mode::ingest;
        } else if (argument.rfind("--", 0) == 0) {
            die("unknown option " + argument);
        } else {
            settings.wanted.push_back(argument);
        }
    }
    return settings;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    // What throws is caught, so that the processes that were started end as well.
    try {
        bench::Bench(bench::parse(argc, argv)).run();
        return 0;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "query: %s\n", failure.what());
        return 1;
    }
}
