// What questions cost: the real collector, over HTTP, on a project of sixty days.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>

#include "store/open.hpp"
#include "support/curl/http.hpp"
#include "support/system_environment.hpp"
#include "support/time_text.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/query_events.hpp"
#include "tests/bench/query_rows.hpp"
#include "tests/support/process.hpp"

namespace bench {
namespace {

using pulsekit::test::Process;

constexpr std::int64_t kDayMs = 86'400'000;

struct Settings {
    std::string collector = PULSEKIT_COLLECTOR_BINARY;
    std::string data;  ///< kept there and used again; empty: made in a temporary folder
    std::uint64_t events = 10'000'000;
    std::size_t repeats = 40;
    bool rows = false;                ///< asks plain SQLite rows in place of the collector
    std::vector<std::string> wanted;  ///< figures; empty: all
};

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// A collector on the data, until it is destroyed.
class Collector {
public:
    Collector(const std::string& binary, const std::string& data) {
        setenv("PULSE_RATE_QUERY", "0", 1);
        setenv("PULSE_RATE_ADMIN", "0", 1);
        process_ = std::make_unique<Process>(
            std::vector<std::string>{binary, "serve", "--dev", "--listen", "127.0.0.1:0", "--data", data},
            data + ".log");
        const auto line = process_->read_line();
        if (!line || line->rfind("listening on ", 0) != 0) die("the collector did not start: see " + data + ".log");
        url_ = line->substr(std::strlen("listening on "));
        std::ifstream keys(data + "/dev.env");
        for (std::string entry; std::getline(keys, entry);) {
            const auto equals = entry.find('=');
            values_[entry.substr(0, equals)] = entry.substr(equals + 1);
        }
    }

    std::string value(const std::string& name) const { return values_.at(name); }

    std::string send(const std::string& method, const std::string& path, const std::string& body = {}) {
        pulsekit::HttpRequest request;
        request.method = method;
        request.url = url_ + path;
        request.headers = {{"X-Pulse-Key", value("PULSE_QUERY_KEY")},
                           {"Authorization", "Bearer " + value("PULSE_ADMIN_TOKEN")},
                           {"Content-Type", "application/json"}};
        request.body = body;
        request.timeout = std::chrono::minutes(10);
        auto answer = session_.perform(request);
        if (!answer) die(path + ": " + answer.error().message);
        if (answer->status / 100 != 2) die(path + ": " + std::to_string(answer->status) + " " + answer->body);
        return answer->body;
    }

    double anonymous_mb() const {
        std::ifstream status("/proc/" + std::to_string(process_->id()) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.rfind("RssAnon:", 0) == 0) return std::strtod(line.c_str() + 8, nullptr) / 1024;
        }
        return 0;
    }

    void stop() {
        process_->signal(SIGTERM);
        if (const int status = process_->wait(); status != 0) die("the collector ended with " + std::to_string(status));
    }

private:
    std::unique_ptr<Process> process_;
    std::string url_;
    std::map<std::string, std::string> values_;
    pulsekit::curl::Session session_;
};

/// A figure, and what is asked for it.
struct Asked {
    std::string name;
    std::string path;
};

class Bench {
public:
    explicit Bench(Settings settings) : settings_(std::move(settings)) {
        if (settings_.data.empty()) {
            folder_.emplace("query");
            settings_.data = folder_->path() + "/data";
        }
    }

    void run() {
        prepare();
        if (!settings_.rows) cold_start();
        Collector collector(settings_.collector, settings_.data);
        define(collector);
        if (settings_.rows) return ask_rows(collector);
        for (const auto& asked : questions()) {
            if (wants(asked.name)) print(figure(asked.name) + ".p95_ms", p95_ms(collector, asked.path), "ms", 2);
        }
        if (wants("one_day")) print(figure("one_day") + ".p95_ms", one_day(collector), "ms", 2);
        print(figure("anon_mb"), collector.anonymous_mb(), "MB");
        collector.stop();
        print(figure("segment_bytes_per_event"), segment_bytes() / static_cast<double>(settings_.events), "bytes", 1);
    }

private:
    std::string figure(const std::string& name) const {
        if (settings_.rows) return "query.rows." + name;
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
        if (!store) die(store.error().message);
        end_ms_ = now_ms();
        Visits visits(project, settings_.events, end_ms_);
        std::uint64_t stored = 0;
        for (auto events = visits.next(10'000); !events.empty(); events = visits.next(10'000)) {
            if (auto appended = (*store)->append(events); !appended) die(appended.error().message);
            stored += events.size();
            if (stored % 1'000'000 == 0) std::fprintf(stderr, "query: %lu events stored\n", stored);
        }
        store->reset();
        std::ofstream(done) << end_ms_;
    }

    std::string range(std::int64_t days) const {
        return "start_at=" + pulsekit::date_time_ms_text(end_ms_ - days * kDayMs) +
               "&end_at=" + pulsekit::date_time_ms_text(end_ms_);
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
            once.send("GET", "/api/v1/stats?" + range(30));
            once.stop();
        }
        forget_files();
        const auto start = SteadyClock::now();
        Collector collector(settings_.collector, settings_.data);
        collector.send("GET", "/api/v1/stats?" + range(30));
        print(figure("cold_first_ms"), 1000 * seconds_since(start), "ms");
        collector.stop();
    }

    void define(Collector& collector) {
        const std::string project = "/api/admin/projects/" + collector.value("PULSE_PROJECT");
        for (const char* module : {"utm", "funnels", "goals", "retention", "cohorts", "paths", "webvitals",
                                   "error_tracking", "heatmaps", "search", "scroll_depth"}) {
            collector.send("POST", project + "/modules/" + module + "/enable");
        }
        if (!wants("funnel4") && !wants("one_day")) return;
        const auto made = collector.send("POST", "/api/v1/funnels", R"({"name":"bench","steps":[
            {"type":"pageview","value":"/"},{"type":"pageview","value":"/section/page-1"},
            {"type":"event","value":"signup"},{"type":"event","value":"purchase"}]})");
        const auto id = made.find("\"id\":\"") + 6;
        funnel_ = made.substr(id, made.find('"', id) - id);
    }

    std::vector<Asked> questions() const {
        const auto whole = range(60);
        return {{"stats", "/api/v1/stats?" + range(30)},
                {"timeseries", "/api/v1/stats/timeseries?" + whole},
                {"pages", "/api/v1/pages?" + whole},
                {"referrers", "/api/v1/referrers?" + whole},
                {"devices", "/api/v1/devices?" + whole},
                {"geo", "/api/v1/geo?" + whole},
                {"campaigns", "/api/v1/campaigns?" + whole},
                {"funnel4", "/api/v1/funnels/" + funnel_ + "/analyze?" + whole},
                {"retention", "/api/v1/retention?" + whole},
                {"cohorts", "/api/v1/cohorts?" + whole},
                {"paths", "/api/v1/paths?path=/&" + whole},
                {"webvitals", "/api/v1/webvitals?" + whole},
                {"errors", "/api/v1/errors?" + whole},
                {"heatmap", "/api/v1/heatmaps?path=/&" + whole},
                {"events", "/api/v1/events?" + whole},
                {"filtered", "/api/v1/stats?filter=country:DE&filter=path:/section/*&" + whole},
                {"realtime", "/api/v1/realtime"}};
    }

    double p95_ms(Collector& collector, const std::string& path) const {
        for (int i = 0; i < 3; ++i) collector.send("GET", path);
        std::vector<double> took;
        for (std::size_t i = 0; i < settings_.repeats; ++i) {
            const auto start = SteadyClock::now();
            collector.send("GET", path);
            took.push_back(1000 * seconds_since(start));
        }
        return quantile(took, 0.95);
    }

    /// The same questions as of the collector, whose answers must be the same: three runs each, and their median.
    void ask_rows(Collector& collector) {
        RowQuestions rows(settings_.data, collector.value("PULSE_PROJECT"));
        const auto day = end_ms_ / kDayMs - 30;
        double slowest_of_day = 0;
        for (const auto& asked : questions()) {
            if (!RowQuestions::knows(asked.name)) continue;
            if (wants(asked.name)) {
                const auto from = end_ms_ - (asked.name == "stats" ? 30 : 60) * kDayMs;
                print(figure(asked.name) + ".p95_ms", rows_ms(rows, collector, asked, asked.path, from, end_ms_), "ms");
            }
            if (wants("one_day") && asked.name != "realtime") {
                slowest_of_day = std::max(slowest_of_day, rows_ms(rows, collector, asked, on_day(asked.path, day),
                                                                  day * kDayMs, (day + 1) * kDayMs - 1));
            }
        }
        if (wants("one_day")) print(figure("one_day") + ".p95_ms", slowest_of_day, "ms");
    }

    double rows_ms(RowQuestions& rows, Collector& collector, const Asked& asked, const std::string& path,
                   std::int64_t from_ms, std::int64_t to_ms) const {
        std::vector<double> took;
        for (int i = 0; i < 3; ++i) {
            const auto start = SteadyClock::now();
            const auto answer = rows.ask(asked.name, from_ms, to_ms);
            took.push_back(1000 * seconds_since(start));
            const auto report = leaves_of(asked.name, collector.send("GET", path));
            if (const auto differs = difference(answer, report)) die(asked.name + ": " + *differs);
        }
        return quantile(took, 0.5);
    }

    /// The same report of one day.
    std::string on_day(std::string path, std::int64_t day) const {
        const auto date = pulsekit::date_text(day * kDayMs);
        for (const auto& from : {range(60), range(30)}) {
            if (const auto at = path.find(from); at != path.npos) {
                path.replace(at, from.size(), "start_at=" + date + "&end_at=" + date);
            }
        }
        return path;
    }

    /// The slowest of all reports.
    double one_day(Collector& collector) const {
        double slowest = 0;
        for (const auto& asked : questions()) {
            const auto took = p95_ms(collector, on_day(asked.path, end_ms_ / kDayMs - 30));
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
    std::optional<Folder> folder_;
    std::int64_t end_ms_ = 0;
    std::string funnel_;
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
            settings.rows = true;
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
    bench::Bench(bench::parse(argc, argv)).run();
    return 0;
}
