#include "tests/bench/ingest_servers.hpp"

#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>

#include "support/sqlite/database.hpp"
#include "tests/bench/loopback.hpp"

namespace bench {
namespace {

using pulsekit::test::Process;

std::string file_text(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t number_after(std::string_view text, std::string_view name) {
    const auto at = text.find(name);
    if (at == text.npos) die("no '" + std::string(name) + "' in: " + std::string(text.substr(0, 500)));
    std::uint64_t value = 0;
    std::from_chars(text.data() + at + name.size(), text.data() + text.size(), value);
    return value;
}

}  // namespace

Collector::Collector(const std::string& binary, const std::string& root) : folder_("ingest", root) {
    struct statfs file_system {};
    if (statfs(folder_.path().c_str(), &file_system) != 0 || file_system.f_type == TMPFS_MAGIC) {
        die(root + " is no disk: choose another with --root");
    }
    // Whatever the caller's environment says, the defaults are measured.
    for (const char* name : {"PULSE_CONFIG", "PULSE_RATE_EVENTS", "PULSE_RATE_QUERY", "PULSE_DEDUPE_DAYS"})
        unsetenv(name);
    setenv("PULSE_SYNC", "full", 1);
    const std::string data = folder_.path() + "/data";
    process_ = std::make_unique<Process>(
        std::vector<std::string>{binary, "serve", "--dev", "--listen", "127.0.0.1:0", "--data", data},
        folder_.path() + "/log");
    const auto line = process_->read_line();
    if (!line || line->rfind("listening on ", 0) != 0)
        die(binary + " did not start: " + file_text(folder_.path() + "/log"));
    port_ = static_cast<std::uint16_t>(std::strtoul(line->c_str() + line->rfind(':') + 1, nullptr, 10));
    std::ifstream keys(data + "/dev.env");
    for (std::string entry; std::getline(keys, entry);) {
        const auto equals = entry.find('=');
        if (entry.compare(0, equals, "PULSE_INGEST_KEY") == 0) ingest_key_ = entry.substr(equals + 1);
        if (entry.compare(0, equals, "PULSE_QUERY_KEY") == 0) query_key_ = entry.substr(equals + 1);
    }
}

Usage Collector::usage() const {
    const std::string proc = "/proc/" + std::to_string(process_->id());
    const std::string status = file_text(proc + "/status");
    const auto kilobytes = [&](const char* name) {
        const auto at = status.find(name);
        return at == status.npos ? 0.0 : std::strtod(status.c_str() + at + std::strlen(name), nullptr);
    };
    Usage usage;
    usage.rss_mb = kilobytes("VmRSS:") / 1024;
    usage.peak_rss_mb = kilobytes("VmHWM:") / 1024;
    usage.threads = static_cast<int>(kilobytes("Threads:"));
    // The process's name ends with the last parenthesis; user and system ticks are the 12th and 13th fields after it.
    const std::string stat = file_text(proc + "/stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    usage.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    return usage;
}

std::string Collector::get(const std::string& path) const {
    const int fd = connected(port_);
    const timeval patience{.tv_sec = 600, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: collector\r\nConnection: close\r\nX-Pulse-Key: " + query_key_ + "\r\n\r\n";
    if (fd < 0 || write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size()))
        die("cannot ask for " + path);
    std::string answer;
    char chunk[65'536];
    for (ssize_t got = 0; (got = read(fd, chunk, sizeof chunk)) > 0;) answer.append(chunk, static_cast<size_t>(got));
    close(fd);
    if (answer.rfind("HTTP/1.1 200", 0) != 0) die(path + ": " + answer);
    return answer;
}

std::uint64_t Collector::stored() const {
    return number_after(get("/metrics"), "pulse_events_stored_total{dialect=\"productgraph\"} ");
}

std::uint64_t Collector::reported() const {
    const auto stats = get("/api/v1/stats?start_at=2020-01-01&end_at=2100-01-01");
    return number_after(stats, "\"pageviews\":") + number_after(stats, "\"events\":");
}

double Collector::stop() {
    process_->signal(SIGTERM);
    if (const int status = process_->wait(); status != 0) die("the collector ended with " + std::to_string(status));
    double bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() + "/data")) {
        if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
    }
    return bytes;
}

std::uint64_t Collector::rows() const {
    auto database =
        pulsekit::sqlite::Database::open(folder_.path() + "/data/pulse.sqlite", pulsekit::sqlite::Access::read_only);
    if (!database) die(database.error().message);
    const auto rows = database->query_integer("SELECT count(*) FROM events");
    if (!rows) die(rows.error().message);
    return static_cast<std::uint64_t>(*rows);
}

Nginx::Nginx() : folder_("nginx"), port_(free_port()) {
    const auto& at = folder_.path();
    std::ofstream(at + "/nginx.conf") << "daemon off; master_process off;\nworker_rlimit_nofile 20000;\npid " << at
                                      << "/pid;\nerror_log " << at << "/log error;\n"
                                      << "events { worker_connections 12000; }\nhttp {\n"
                                      << "  access_log off; keepalive_requests 1000000000;\n"
                                      << "  client_max_body_size 20m; client_body_temp_path " << at << "/body;\n"
                                      << "  proxy_temp_path " << at << "/proxy; fastcgi_temp_path " << at
                                      << "/fastcgi;\n  uwsgi_temp_path " << at << "/uwsgi; scgi_temp_path " << at
                                      << "/scgi;\n  server { listen 127.0.0.1:" << port_
                                      << " backlog=4096; location / { return 204; } }\n}\n";
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"/usr/sbin/nginx", "-p", at, "-c", at + "/nginx.conf", "-e", at + "/log"});
    const auto until = SteadyClock::now() + std::chrono::seconds(30);
    for (;;) {
        const int fd = connected(port_);
        if (fd >= 0) {
            close(fd);
            return;
        }
        if (SteadyClock::now() > until) die("nginx did not start: " + file_text(at + "/log"));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace bench
